#include "http/run_start.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "base/redact.h"
#include "base/suggest.h"
#include "data/value_json.h"
#include "os/paths.h"

namespace mortise::http {
namespace {

const std::vector<std::string_view> known_keys{"pipeline_id", "pipeline_name", "pipeline_file", "pipeline",
                                               "folder",      "context",       "trace"};

Error wrong_kind(std::string_view key, std::string_view expected, const Value& got) {
  return Error(Code::invalid,
               "'" + std::string(key) + "' must be " + std::string(expected) + ", got " + name_of(got.kind()))
      .with("key", std::string(key))
      .with("expected", std::string(expected))
      .with("got", name_of(got.kind()));
}

std::optional<std::string> text_at(const Value& body, std::string_view key) {
  const Value* value = body.find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is(Kind::string) || value->as_string().empty()) throw wrong_kind(key, "a text", *value);
  return std::string(value->as_string());
}

void check_keys(const Value& body) {
  if (!body.is(Kind::map)) {
    throw Error(Code::invalid, std::string("the body must be a JSON object, got ") + name_of(body.kind()),
                R"(send for example {"pipeline_name": "weather", "context": {}})");
  }
  for (const Member& member : body.members()) {
    if (std::find(known_keys.begin(), known_keys.end(), member.key()) != known_keys.end()) continue;
    const auto near = nearest(member.key(), known_keys);
    throw Error(Code::invalid, "unknown key '" + std::string(member.key()) + "' in the request",
                near ? "did you mean '" + *near + "'?"
                     : "known are pipeline_id, pipeline_name, pipeline_file, pipeline, folder, context, trace")
        .with("key", std::string(member.key()));
  }
}

std::optional<std::string> no_environment(const std::string&) { return std::nullopt; }

// Where a relative pipeline_file starts: the request's folder, else the server's.
std::string resolved(const std::string& file, const std::string& folder) {
  return os::absolute(os::join(folder, file));
}

void require_reachable(const Api& api, const Request& request, const std::string& file) {
  if (request.by_operator() || api.catalog.contains(file)) return;
  std::error_code failure;
  const auto real = std::filesystem::canonical(file, failure), home = std::filesystem::canonical(api.folder, failure);
  if (!failure && os::is_within(real.string(), home.string())) return;
  throw Error(
      Code::denied, "over loopback only pipelines of the server's own folders can be run, not " + file,
      "put it into one of pipelines.directories, or run it with `mortise run`, which speaks to the server's own socket")
      .with("file", file);
}

jobs::Pipeline pipeline_of(const Api& api, const Request& request, const Value& body, const std::string& folder) {
  const auto id = text_at(body, "pipeline_id"), name = text_at(body, "pipeline_name"),
             file = text_at(body, "pipeline_file");
  const Value* inline_one = body.find("pipeline");
  const int given = (id ? 1 : 0) + (file ? 1 : 0) + (inline_one != nullptr ? 1 : 0) + (name && !file ? 1 : 0);
  if (given != 1) {
    throw Error(Code::invalid,
                given == 0 ? "the request names no pipeline" : "the request names more than one pipeline",
                "send one of pipeline_id, pipeline_name, pipeline_file and pipeline")
        .with("key", "pipeline_id");
  }
  if (file) {
    const std::string path = resolved(*file, folder);
    require_reachable(api, request, path);
    return jobs::read_pipeline_file(path, name.value_or(""), api.environment);
  }
  if (inline_one != nullptr) {
    if (!inline_one->is(Kind::map)) throw wrong_kind("pipeline", "a map", *inline_one);
    const auto& environment = request.by_operator() ? api.environment : jobs::EnvironmentLookup(no_environment);
    return jobs::parse_pipeline(data::to_json(*inline_one), "pipeline", jobs::PipelineSyntax::json, "", environment);
  }
  const auto entry = id ? api.catalog.with_id(*id) : api.catalog.with_name(*name);
  return jobs::read_pipeline_file(entry.file, entry.name, api.environment);
}

double milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

Value step_value(const jobs::StepReport& step) {
  return Value::map({{"name", step.name},
                     {"plugin", step.plugin},
                     {"outcome", step.outcome},
                     {"attempts", step.attempts},
                     {"rows", step.rows < 0 ? Value() : Value(step.rows)},
                     {"worker_pid", step.worker_pid},
                     {"elapsed_ms", milliseconds(step.elapsed)},
                     {"error", step.error ? Value(step.error->describe()) : Value()}});
}

}  // namespace

jobs::RunRequest read_run_request(const Api& api, const Request& request) {
  const Value body = request.json();
  check_keys(body);
  jobs::RunRequest wanted;
  wanted.folder = os::absolute(os::join(api.folder, text_at(body, "folder").value_or(".")));
  wanted.pipeline = pipeline_of(api, request, body, wanted.folder);
  if (body.has("pipeline") && request.principal != Principal::operator_)
    wanted.environment = jobs::EnvironmentAccess::hidden;
  if (const Value* context = body.find("context"); context != nullptr && !context->is_null()) {
    if (!context->is(Kind::map)) throw wrong_kind("context", "a map", *context);
    wanted.context = *context;
  }
  if (const Value* trace = body.find("trace"); trace != nullptr && !trace->is_null()) {
    if (!trace->is(Kind::boolean)) throw wrong_kind("trace", "true or false", *trace);
    wanted.trace = trace->as_bool();
  }
  return wanted;
}

StartedRun start_run(const Api& api, jobs::RunRequest request) {
  StartedRun run{api.pipelines.start(std::move(request)), {}, std::chrono::steady_clock::now()};
  run.id = jobs::Pipelines::id_of(run.handle);
  api.runs.started(run.id);
  return run;
}

Value finished_answer(const Api& api, const StartedRun& run, AnswerContext context) {
  const jobs::RunResult result = api.pipelines.wait(run.handle);
  api.runs.settle();
  Value steps = Value::list();
  for (const jobs::StepReport& step : result.steps) steps.push_back(step_value(step));
  Value data = Value::map({{"success", result.success},
                           {"error", result.error ? Value(result.error->describe()) : Value()},
                           {"context", context == AnswerContext::whole ? result.context : Value()},
                           {"executed_at", to_rfc3339(result.finished)},
                           {"run_id", result.run_id},
                           {"state", result.state},
                           {"elapsed_ms", milliseconds(std::chrono::steady_clock::now() - run.began)},
                           {"steps", steps}});
  if (result.error) data.set("failure", error_body(*result.error));
  return api.log.redactor().clean(Value::map({{"success", true}, {"data", data}}));
}

Value accepted_answer(const StartedRun& run) {
  return Value::map({{"success", true}, {"data", Value::map({{"run_id", run.id}, {"state", "running"}})}});
}

std::unique_ptr<jobs::EventHub::Watch> watch_run(const Api& api, const std::string& run, std::uint64_t after) {
  using State = jobs::EventHub::Watch::State;
  auto watch = api.events.watch(run, after);
  // Its first event may not have been published yet.
  while (watch->state() == State::ended && api.pipelines.find(run) != nullptr) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    watch = api.events.watch(run, after);
  }
  // What was published between the look-up and its end.
  if (watch->state() == State::ended) watch = api.events.watch(run, after);
  return watch;
}

}  // namespace mortise::http
