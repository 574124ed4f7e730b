#include "jobs/pipelines/step_call.h"

#include "base/error.h"
#include "plugin/extension_points.h"

namespace mortise::jobs {
namespace {

bool answers(const plugin::Descriptor& descriptor, std::uint32_t operation) {
  for (const std::string& name : descriptor.extension_points) {
    const plugin::ExtensionPoint* point = plugin::find_extension_point(name);
    if (point != nullptr && plugin::contract(*point, operation) != nullptr) return true;
  }
  return false;
}

// Whatever the method.
bool is_asked(const plugin::Descriptor& descriptor, std::uint32_t operation) {
  for (const std::string& name : descriptor.extension_points) {
    const plugin::ExtensionPoint* point = plugin::find_extension_point(name);
    if (point == nullptr) continue;
    for (const plugin::OperationContract& row : point->operations) {
      if (row.operation == operation) return true;
    }
  }
  return false;
}

std::string input_key(const StepInput& input) {
  const Value* named = input.config.find("input");
  if (named != nullptr && named->is(Kind::string)) return std::string(named->as_string());
  return input.default_input;
}

Value step_input(const StepInput& input) {
  const Step& step = input.step;
  Value described = Value::map({{"name", step.name},
                                {"plugin", step.plugin},
                                {"config", input.config},
                                {"output", step.output}});
  if (std::string key = input_key(input); !key.empty()) described.set("input", std::move(key));
  Value run = Value::map({{"id", input.run_id},
                          {"attempt", static_cast<std::int64_t>(input.attempt)},
                          {"key", input.run_id + "/" + step.name}});
  if (!input.folder.empty()) run.set("folder", input.folder);
  return Value::map({{"step", std::move(described)}, {"run", std::move(run)}});
}

// What the step works on: the entry that config.input names, else the output of the step before; what is no name is it itself.
Value data_of(const StepInput& input, const ContextLookup& context) {
  const Value* given = input.config.find("input");
  if (given != nullptr && !given->is_null() && !given->is(Kind::string)) return *given;
  const std::string key = input_key(input);
  if (key.empty()) return {};
  std::optional<Value> found = context(key);
  if (found) return std::move(*found);
  throw Error(Code::not_found, "the context has no entry '" + key + "'",
              "name an earlier step's output in the config key 'input'")
      .with("key", "input")
      .with("got", key);
}

// {data: ...} or {inputs: ...}, and what else the config says. `as` is another name for the data: hidden_states.
Value call_input(const StepInput& input, const plugin::Descriptor& descriptor, const ContextLookup& context) {
  const Value* as = input.config.find("as");
  const bool infers = operation_of(StepStyle::call, descriptor, input.config) == runtime::Operation::infer;
  const std::string name(as != nullptr ? as->as_string() : infers ? "inputs" : "data");
  Value all = Value::map({{name, data_of(input, context)}});
  for (const Member& member : input.config.members()) {
    if (member.key() != "method" && member.key() != "input" && member.key() != "as")
      all.set(member.key(), member.value());
  }
  return all;
}

Value execute_input(const StepInput& input, const plugin::Descriptor& descriptor, const ContextLookup& context) {
  Value data = data_of(input, context);
  Value parameters = input.config;
  parameters.erase("input");
  return Value::map({{"data", std::move(data)},
                     {"parameters", std::move(parameters)},
                     {"context", Value::map({{"plugin_id", descriptor.id},
                                             {"plugin_name", descriptor.id},
                                             {"execution_id", input.run_id + "/" + input.step.name}})}});
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error(Code::plugin, "the plugin's answer is not what its operation promises: " + what,
              "this is a defect of the plugin; docs/extension-points.md has the shapes");
}

std::vector<std::string> texts_in(const Value& answer, std::string_view key) {
  std::vector<std::string> texts;
  const Value* list = answer.find(key);
  if (list == nullptr || list->is_null()) return texts;
  if (!list->is(Kind::list)) refuse(std::string(key) + " is " + name_of(list->kind()) + ", expected a list of texts");
  for (const Value& item : list->items()) {
    if (!item.is(Kind::string)) refuse(std::string(key) + " holds " + name_of(item.kind()) + ", expected text");
    texts.emplace_back(item.as_string());
  }
  return texts;
}

std::int64_t rows_of_outputs(const Step& step, const Value& outputs) {
  const Value* main = step.output.empty() ? nullptr : outputs.find(step.output);
  return main == nullptr ? -1 : rows_in(*main);
}

StepAnswer answer_of_step(const Step& step, const Value& value) {
  StepAnswer answer;
  if (!value.is(Kind::map)) refuse(std::string("expected a map with 'outputs', got ") + name_of(value.kind()));
  if (const Value* outputs = value.find("outputs"); outputs != nullptr && !outputs->is_null()) {
    if (!outputs->is(Kind::map)) refuse(std::string("'outputs' is ") + name_of(outputs->kind()) + ", expected a map");
    answer.outputs = *outputs;
  }
  const Value* rows = value.find("rows");
  if (rows != nullptr && !rows->is_null()) {
    if (!rows->is(Kind::int64) || rows->as_int64() < 0) refuse("'rows' is not a count");
    answer.rows = rows->as_int64();
  } else {
    answer.rows = rows_of_outputs(step, answer.outputs);
  }
  return answer;
}

StepAnswer answer_of_execute(const Step& step, const Value& value) {
  StepAnswer answer;
  if (!value.is(Kind::map)) refuse(std::string("expected a map with 'data', got ") + name_of(value.kind()));
  answer.logs = texts_in(value, "logs");
  answer.warnings = texts_in(value, "warnings");
  const std::vector<std::string> errors = texts_in(value, "errors");
  const Value* data = value.find("data");
  const bool has_data = data != nullptr && !data->is_null();
  if (!errors.empty() && !has_data) {
    std::string text = errors.front();
    for (std::size_t i = 1; i < errors.size(); ++i) text += "; " + errors[i];
    throw Error(Code::plugin, text);
  }
  for (const std::string& error : errors) answer.warnings.push_back(error);
  if (has_data && !step.output.empty()) answer.outputs.set(step.output, *data);
  answer.rows = has_data ? rows_in(*data) : -1;
  return answer;
}

}  // namespace

StepStyle style_of(const plugin::Descriptor& descriptor) {
  if (answers(descriptor, MORTISE_OP_STEP)) return StepStyle::step;
  if (answers(descriptor, MORTISE_OP_EXECUTE)) return StepStyle::execute;
  if (descriptor.extension_points.empty() || is_asked(descriptor, MORTISE_OP_CALL) ||
      is_asked(descriptor, MORTISE_OP_INFER)) {
    return StepStyle::call;
  }
  throw Error(
      Code::unsupported, "plugin '" + descriptor.id + "' cannot be a pipeline step",
      "its extension points have none of the operations step, execute, call and infer; see docs/extension-points.md")
      .with("plugin", descriptor.id);
}

runtime::Operation operation_of(StepStyle style, const plugin::Descriptor& descriptor, const Value& config) {
  if (style == StepStyle::step) return runtime::Operation::step;
  if (style == StepStyle::execute) return runtime::Operation::execute;
  if (const Value* method = config.find("method"); method != nullptr && method->is(Kind::string))
    return runtime::Operation::call;
  if (is_asked(descriptor, MORTISE_OP_INFER)) return runtime::Operation::infer;
  throw Error(Code::invalid, "config.method: expected the name of a method of plugin '" + descriptor.id + "'",
              "a step of this plugin calls one of its methods, such as `method: augment`")
      .with("key", "config.method")
      .with("plugin", descriptor.id);
}

Value input_of(StepStyle style, const StepInput& input, const plugin::Descriptor& descriptor,
               const ContextLookup& context) {
  switch (style) {
    case StepStyle::step: return step_input(input);
    case StepStyle::execute: return execute_input(input, descriptor, context);
    case StepStyle::call: return call_input(input, descriptor, context);
  }
  return {};
}

StepAnswer answer_of(StepStyle style, const Step& step, const Value& value) {
  if (style == StepStyle::step) return answer_of_step(step, value);
  if (style == StepStyle::execute) return answer_of_execute(step, value);
  StepAnswer answer;  // of a call the whole answer is the output
  if (!step.output.empty()) answer.outputs.set(step.output, value);
  answer.rows = rows_in(value);
  return answer;
}

std::int64_t rows_in(const Value& value) {
  if (value.is(Kind::table)) return value.as_table().array.length;
  if (value.is(Kind::list)) return static_cast<std::int64_t>(value.size());
  if (const Value* count = value.find("row_count"); count != nullptr && count->is(Kind::int64))
    return count->as_int64();
  if (const Value* rows = value.find("rows"); rows != nullptr && rows->is(Kind::list)) {
    return static_cast<std::int64_t>(rows->size());
  }
  return -1;
}

}  // namespace mortise::jobs
