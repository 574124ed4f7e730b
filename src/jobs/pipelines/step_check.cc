#include "jobs/pipelines/step_check.h"

#include <algorithm>
#include <filesystem>

#include "plugin/config_schema.h"
#include "plugin/named.h"
#include "runtime/runtime.h"

namespace mortise::jobs {
namespace {

using plugin::ConfigSchema;

constexpr std::uint32_t most_questions = 10;  // to a plugin that dies over them, as often as its step is tried
constexpr std::string_view prefix = "configuration validation failed";

// "configuration validation failed for plugin X: cause", once even where the plugin's own text begins like that.
Error refusal(Code code, const std::string& plugin, const Error& cause) {
  const std::string reason = cause.describe();
  const std::string text =
      reason.starts_with(prefix) ? reason : std::string(prefix) + " for plugin " + plugin + ": " + reason;
  Error error(code, text, cause.hint());
  for (const auto& [name, value] : cause.details()) error.with(name, value);
  return std::move(error).because(cause);
}

Value absolute(Value value, const ConfigSchema::Parameter& parameter, const std::string& folder) {
  if (parameter.type == ConfigSchema::Type::path && value.is(Kind::string)) {
    const std::filesystem::path path{std::string(value.as_string())};
    if (path.empty() || path.is_absolute()) return value;
    return (std::filesystem::path(folder) / path).lexically_normal().string();
  }
  if (value.is(Kind::list) && parameter.items != nullptr) {
    Value items = Value::list();
    for (const Value& item : value.items()) items.push_back(absolute(item, *parameter.items, folder));
    return items;
  }
  if (value.is(Kind::map) && parameter.properties != nullptr) {
    return absolute_paths(std::move(value), *parameter.properties, folder);
  }
  return value;
}

// Whether the worker ended by itself or broke the protocol, so that a new one may well answer.
bool died(const runtime::Outcome& outcome) {
  return outcome.ended == runtime::Ended::crashed ||
         (outcome.ended == runtime::Ended::killed && outcome.error->code() == Code::plugin);
}

// The plugin's own check. What it gives back is the configuration that the step runs with. What it says against the
// configuration is the caller's mistake; that it does not start, dies or hangs is not, and keeps its code.
Value ask_plugin(const std::string& plugin, const plugin::Descriptor& descriptor, Value config,
                 const Pipelines::Parts& parts, runtime::Call call, std::uint32_t times) {
  call.operation = runtime::Operation::validate;
  call.wanted.named = plugin::named_in(descriptor, config);  // as the step will, so that the same worker does both
  call.input = Value::map({{"config", config}});
  runtime::Outcome outcome = parts.runtime.invoke(descriptor.id, call);
  // A warm worker may have died, or been ended for what it did in its last call, and a new one may die at its start; asking
  // again changes nothing but that.
  for (std::uint32_t asked = 1; asked < times && died(outcome); ++asked)
    outcome = parts.runtime.invoke(descriptor.id, call);
  if (!outcome.ok()) {
    const Error& why = *outcome.error;
    if (why.code() == Code::cancelled || outcome.pid == 0) throw Error(why);  // nobody was asked
    if (outcome.ended != runtime::Ended::error) throw refusal(why.code(), plugin, why);
    if (why.code() == Code::unsupported) return config;
    throw refusal(why.code() == Code::plugin ? Code::invalid : why.code(), plugin, why);
  }
  const Value* checked = outcome.value.find("config");
  if (checked == nullptr || checked->is_null()) return config;
  if (!checked->is(Kind::map)) {
    throw Error(Code::plugin, std::string("validate gave back a ") + name_of(checked->kind()) + " as configuration",
                "this is a defect of the plugin: validate returns {config: map}");
  }
  return *checked;
}

}  // namespace

Value absolute_paths(Value config, const ConfigSchema& schema, const std::string& folder) {
  for (const ConfigSchema::Parameter& parameter : schema.parameters()) {
    const Value* value = config.find(parameter.name);
    if (value != nullptr) config.set(parameter.name, absolute(*value, parameter, folder));
  }
  return config;
}

std::chrono::milliseconds timeout_of(const Step& step, const plugin::Descriptor& descriptor,
                                     const Pipelines::Parts& parts) {
  if (step.timeout) return *step.timeout;
  return parts.runtime.deadline_of(descriptor).value_or(parts.default_timeout);
}

namespace {

// The key `input` belongs to every step (docs/pipelines.md, The context): a schema need not declare it.
Value applied(const ConfigSchema& schema, Value config) {
  const Value* named = schema.find("input") == nullptr ? config.find("input") : nullptr;
  if (named == nullptr) return schema.apply(std::move(config), "config");
  const Value input = *named;
  config.erase("input");
  config = schema.apply(std::move(config), "config");
  config.set("input", input);
  return config;
}

}  // namespace

CheckedStep check_step(const Step& step, const std::string& folder, const Pipelines::Parts& parts, runtime::Call call) {
  CheckedStep checked;
  checked.descriptor = parts.registry.get(step.plugin);
  checked.style = style_of(*checked.descriptor);
  const ConfigSchema& schema = checked.descriptor->config;
  Value config;
  try {
    config = absolute_paths(applied(schema, step.config), schema, folder);
  } catch (const Error& error) {
    throw refusal(error.code(), step.plugin, error);
  }
  call.deadline = runtime::Clock::now() + timeout_of(step, *checked.descriptor, parts);
  checked.config = ask_plugin(step.plugin, *checked.descriptor, std::move(config), parts, std::move(call),
                              std::clamp<std::uint32_t>(step.retry.attempts, 2, most_questions));
  return checked;
}

}  // namespace mortise::jobs
