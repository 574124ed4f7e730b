#include "dialects/omniscope/executions.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/redact.h"
#include "data/value_json.h"
#include "http/message.h"
#include "jobs/core/run_log.h"
#include "plugin/extension_points.h"
#include "plugin/named.h"
#include "runtime/runtime.h"

namespace mortise::dialects::omniscope {
namespace {

constexpr std::uint32_t counted = 10'000;  // runs that are looked at for a plugin's usage

std::string run_name(const plugin::Descriptor& plugin) { return "execute:" + plugin.id; }

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& text : all) list.push_back(text);
  return list;
}

// Values in lists of records may be anything; people read texts.
std::string text_of(const Value& value) {
  return value.is(Kind::string) ? std::string(value.as_string()) : data::to_json(value);
}

// How an execution ended, in the guide's words.
struct Verdict {
  const char* status = "success";
  Value output;  // the five keys
  std::string problem;
};

// The way out, where there is one, is a warning beside the error.
Value empty_result(const std::string& error, const std::string& hint) {
  return Value::map({{"data", nullptr},
                     {"metadata", Value::map()},
                     {"logs", Value::list()},
                     {"warnings", hint.empty() ? Value::list() : Value::list({hint})},
                     {"errors", Value::list({error})}});
}

Verdict verdict_of(const std::string& plugin, const runtime::Outcome& outcome, const std::optional<std::chrono::milliseconds>& timeout) {
  if (!outcome.ok()) {
    std::string problem = outcome.error->describe(), hint = outcome.error->hint();
    const bool late = outcome.ended == runtime::Ended::timeout || outcome.error->code() == Code::timeout;
    if (late && timeout) {
      problem = "Plugin execution timed out after " + data::to_json(static_cast<double>(timeout->count()) / 1000) + " seconds";
      hint = "increase the timeout parameter of the request, or for good: mortise plugin limits " + plugin + " deadline=10m";
    }
    return {"error", empty_result(problem, hint), problem};
  }
  const Value* errors = outcome.value.find("errors");
  if (errors == nullptr || !errors->is(Kind::list) || errors->size() == 0) return {"success", outcome.value, {}};
  return {"failure", outcome.value, text_of(errors->items().front())};
}

Value part(const Value& output, const char* key) {
  const Value* found = output.find(key);
  return found != nullptr && found->is(Kind::list) ? *found : Value::list();
}

// What the request names of files and hosts: naming is granting, as in a step, to plugins that may have files or a network at all.
plugin::Named named_by(const plugin::Descriptor& plugin, const Request& request) {
  Value all = request.parameters.is(Kind::map) ? request.parameters : Value::map();
  if (request.config.is(Kind::map)) {
    for (const Member& member : request.config.members()) all.set(member.key(), Value(member.value()));
  }
  return plugin::named_in(plugin, all);
}

// What the extension point promises and the output does not keep is one more warning: whoever looks sees it.
Value with_broken_promise(Value output, const std::string& name) {
  const plugin::ExtensionPoint* point = plugin::find_extension_point(name);
  if (point == nullptr || plugin::contract(*point, MORTISE_OP_EXECUTE) == nullptr) return output;
  try {
    plugin::check_output(*point, MORTISE_OP_EXECUTE, output);
  } catch (const Error& error) {
    Value warnings = part(output, "warnings");
    warnings.push_back("not what " + name + " promises: " + error.what());
    output.set("warnings", std::move(warnings));
  }
  return output;
}

Value call_input(const plugin::Descriptor& plugin, const Request& request, const std::string& execution) {
  const Value context = Value::map({{"plugin_id", plugin.id},
                                    {"plugin_name", plugin.id},
                                    {"user_id", "anonymous"},
                                    {"workspace_id", "default"},
                                    {"execution_id", execution},
                                    {"config", request.config},
                                    {"permissions", texts(plugin.permissions)}});
  return Value::map({{"data", request.data},
                     {"parameters", request.parameters},
                     {"metadata", request.metadata},
                     {"context", context}});
}

}  // namespace

Value Executions::run(const plugin::Descriptor& plugin, const Request& request) {
  const std::string id = host_.run_log.begin(
      {.kind = "execution", .name = run_name(plugin), .source = {}, .steps = {{request.extension_point, plugin.id}}});
  host_.run_log.started(id);
  host_.run_log.step_started(id, 0, 1);
  runtime::Call call;
  call.operation = runtime::Operation::execute;
  call.input = call_input(plugin, request, id);
  call.wanted.named = named_by(plugin, request);
  call.wanted.folders = runtime::Wanted::Folders::made;
  const auto timeout = request.timeout ? request.timeout : plugin.deadline;
  const auto began = runtime::Clock::now();
  if (timeout) call.deadline = began + *timeout;
  const runtime::Outcome outcome = host_.runtime.invoke(plugin.id, std::move(call));
  const std::chrono::nanoseconds took = runtime::Clock::now() - began;
  Verdict verdict = verdict_of(plugin.id, outcome, timeout);
  if (verdict.problem.empty()) verdict.output = with_broken_promise(std::move(verdict.output), request.extension_point);

  const Redactor& redactor = host_.log.redactor();
  for (const auto& [key, level] :
       {std::pair("logs", "info"), std::pair("warnings", "warning"), std::pair("errors", "error")}) {
    const Value lines = part(verdict.output, key);
    for (const Value& line : lines.items())
      host_.run_log.step_log(id, 0, level, redactor.clean(std::string_view(text_of(line))), Value());
  }
  const bool succeeded = verdict.problem.empty();
  const Value error =
      succeeded ? Value() : http::error_body(Error(Code::plugin, redactor.clean(std::string_view(verdict.problem))));
  const char* state = succeeded ? "succeeded" : "failed";
  host_.run_log.step_ended(id, {.index = 0,
                                .attempt = 1,
                                .state = state,
                                .elapsed_ns = took.count(),
                                .bytes_copied = outcome.bytes_copied,
                                .worker_pid = outcome.pid,
                                .error = error,
                                .verdict = verdict.status == std::string_view("error") ? "error" : ""});
  host_.run_log.finish(id, state, error);
  return Value::map({{"execution_id", id},
                     {"plugin_id", plugin.id},
                     {"status", verdict.status},
                     {"output", verdict.output},
                     {"execution_time", std::chrono::duration<double, std::milli>(took).count()},
                     {"logs", part(verdict.output, "logs")},
                     {"warnings", part(verdict.output, "warnings")},
                     {"errors", part(verdict.output, "errors")}});
}

Value Executions::history(const plugin::Descriptor& plugin, std::uint32_t limit) const {
  Value all = Value::list();
  for (const jobs::RunRecord& run : host_.run_log.list({.name = run_name(plugin), .limit = limit})) {
    const auto steps = host_.run_log.steps(run.id);
    const bool hard = !steps.empty() && steps.front().verdict == "error";
    const char* status = run.state == "succeeded" ? "success"
                         : run.state == "running" ? "running"
                         : hard                   ? "error"
                                                  : "failure";
    const Value* message = run.error.find("error");
    Value logs = Value::list();
    for (const jobs::LogRecord& line : host_.run_log.logs(run.id, -1, 0, 1000)) {
      if (line.level == "info") logs.push_back(line.message);
    }
    all.push_back(Value::map(
        {{"id", run.id},
         {"status", status},
         {"execution_time", steps.empty() ? Value() : Value(static_cast<double>(steps.front().elapsed_ns) / 1e6)},
         {"started_at", run.started ? Value(to_rfc3339(*run.started)) : Value()},
         {"completed_at", run.finished ? Value(to_rfc3339(*run.finished)) : Value()},
         {"error_message", message != nullptr ? *message : Value()},
         {"logs", logs}}));
  }
  return all;
}

Executions::Usage Executions::usage(const plugin::Descriptor& plugin) const {
  const auto runs = host_.run_log.list({.name = run_name(plugin), .limit = counted});
  if (runs.empty()) return {};
  return {static_cast<std::int64_t>(runs.size()), runs.front().created};
}

}  // namespace mortise::dialects::omniscope
