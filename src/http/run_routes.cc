#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "base/redact.h"
#include "data/value_json.h"
#include "http/api.h"
#include "http/event_stream.h"
#include "http/openapi.h"
#include "http/run_start.h"
#include "jobs/core/events.h"
#include "jobs/core/run_log.h"

namespace mortise::http {
namespace {

using namespace schema;

Value time_or_null(const std::optional<Time>& time) { return time ? Value(to_rfc3339(*time)) : Value(); }

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value elapsed_or_null(const jobs::RunRecord& run) {
  if (!run.started || !run.finished) return {};
  return static_cast<double>(run.finished->nanoseconds - run.started->nanoseconds) / 1e6;
}

Value run_value(const jobs::RunRecord& run) {
  return Value::map({{"id", run.id},
                     {"kind", run.kind},
                     {"name", run.name},
                     {"source", run.source},
                     {"state", run.state},
                     {"created", to_rfc3339(run.created)},
                     {"started", time_or_null(run.started)},
                     {"finished", time_or_null(run.finished)},
                     {"elapsed_ms", elapsed_or_null(run)},
                     {"error", run.error},
                     {"owner_pid", run.owner_pid},
                     {"round", run.round},
                     {"resume", run.resume == jobs::Resume::automatic ? "automatic" : "by_hand"},
                     {"origin", text_or_null(run.origin)},
                     {"schedule", text_or_null(run.schedule)},
                     {"due", time_or_null(run.due)}});
}

Value step_value(const jobs::StepRecord& step) {
  return Value::map({{"index", step.index},
                     {"name", step.name},
                     {"plugin", step.plugin},
                     {"state", step.state},
                     {"attempt", step.attempt},
                     {"started", time_or_null(step.started)},
                     {"finished", time_or_null(step.finished)},
                     {"elapsed_ms", step.finished ? Value(static_cast<double>(step.elapsed_ns) / 1e6) : Value()},
                     {"rows", step.rows ? Value(*step.rows) : Value()},
                     {"bytes_copied", step.bytes_copied},
                     {"worker_pid", step.worker_pid},
                     {"error", step.error},
                     {"outputs", step.outputs},
                     {"round", step.round},
                     {"reused", step.verdict == "reused"},
                     {"tolerated", step.verdict == "tolerated"}});
}

jobs::RunRecord known_run(const Api& api, std::string_view id) {
  if (auto run = api.run_log.find(std::string(id))) return std::move(*run);
  throw Error(Code::not_found, "there is no run '" + std::string(id) + "'",
              "GET /api/v1/runs (mortise runs list) shows those that are known")
      .with("run", std::string(id));
}

Response list_runs(const Api& api, const Request& request) {
  jobs::RunLog::Filter filter;
  filter.state = request.parameter("state").value_or("");
  filter.name = request.parameter("name").value_or("");
  filter.before = request.parameter("before").value_or("");
  filter.limit = static_cast<std::uint32_t>(request.int_parameter("limit", 100, 1, 1000));
  Value runs = Value::list();
  for (const jobs::RunRecord& run : api.run_log.list(filter)) runs.push_back(run_value(run));
  return Response::json(Value::map({{"runs", runs}}));
}

Response show_run(const Api& api, const Request& request) {
  const jobs::RunRecord run = known_run(api, request.variable("id"));
  Value page = run_value(run), steps = Value::list();
  for (const jobs::StepRecord& step : api.run_log.steps(run.id)) steps.push_back(step_value(step));
  page.set("steps", steps);
  return Response::json(page);
}

Response show_logs(const Api& api, const Request& request) {
  const jobs::RunRecord run = known_run(api, request.variable("id"));
  std::vector<std::string> names;
  for (const jobs::StepRecord& step : api.run_log.steps(run.id)) {
    if (names.size() <= step.index) names.resize(step.index + 1);
    names[step.index] = step.name;
  }
  const auto after =
      static_cast<std::uint64_t>(request.int_parameter("after", 0, 0, std::numeric_limits<std::int64_t>::max()));
  const auto limit = static_cast<std::uint32_t>(request.int_parameter("limit", 1000, 1, 10'000));
  Value records = Value::list();
  for (const jobs::LogRecord& record :
       api.run_log.logs(run.id, request.int_parameter("step", -1, -1, 100'000), after, limit)) {
    records.push_back(Value::map({{"number", record.number},
                                  {"step", record.step},
                                  {"step_name", record.step < names.size() ? names[record.step] : ""},
                                  {"level", record.level},
                                  {"time", to_rfc3339(record.time)},
                                  {"message", record.message},
                                  {"fields", record.fields}}));
  }
  return Response::json(Value::map({{"records", records}}));
}

Response cancel_run(const Api& api, const Request& request) {
  const jobs::RunRecord run = known_run(api, request.variable("id"));
  const Value body = request.json();
  const Value* reason = body.find("reason");
  const std::string why(reason != nullptr && reason->is(Kind::string) ? reason->as_string() : "cancelled over the API");
  if (run.finished && run.state != "interrupted") {
    throw Error(Code::conflict, "run '" + run.id + "' has ended already: " + run.state)
        .with("run", run.id)
        .with("state", run.state);
  }
  api.pipelines.cancel(run.id, why);
  api.log.info("run cancelled", {{"run", run.id}, {"reason", why}, {"by", request.asker}});
  return Response::json(Value::map({{"run_id", run.id}, {"state", "cancelling"}, {"reason", why}}), 202);
}

std::uint64_t last_seen(const Request& request) {
  const std::string_view header = request.header("last-event-id");
  if (header.empty())
    return static_cast<std::uint64_t>(request.int_parameter("after", 0, 0, std::numeric_limits<std::int64_t>::max()));
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(header.data(), header.data() + header.size(), number);
  if (failure != std::errc{} || end != header.data() + header.size()) {
    throw Error(Code::invalid,
                "Last-Event-ID must be the id of an event, got '" + std::string(header.substr(0, 100)) + "'")
        .with("key", "Last-Event-ID");
  }
  return number;
}

Response watch(const Api& api, const Request& request) {
  const jobs::RunRecord run = known_run(api, request.variable("id"));
  const std::uint64_t after = last_seen(request);
  return event_stream([&api, run, after](Stream& stream) {
    const auto events = watch_run(api, run.id, after);
    const bool forgotten = run.finished && events->state() == jobs::EventHub::Watch::State::ended;
    forward_events(*events, stream);
    // Nobody remembers what happened in it, but how it ended is known.
    if (forgotten)
      stream.send(event_text({}, "run.finished", Value::map({{"state", run.state}, {"error", run.error}})));
  });
}

Value run_schema() {
  return object({{"id", string()},
                 {"kind", string()},
                 {"name", string()},
                 {"source", string()},
                 {"state", one_of({"queued", "running", "succeeded", "failed", "cancelled", "interrupted"})},
                 {"created", time()},
                 {"started", nullable(string("RFC 3339"))},
                 {"finished", nullable(string("RFC 3339"))},
                 {"elapsed_ms", nullable(number())},
                 {"error", anything("null, or what went wrong")},
                 {"owner_pid", integer()},
                 {"round", integer("rises when it is taken up again after a failure")},
                 {"resume", one_of({"automatic", "by_hand"}, "who goes on with it when its process died")},
                 {"origin", nullable(string("the run that it repeats"))},
                 {"schedule", nullable(string("that started it"))},
                 {"due", nullable(string("RFC 3339: the time of the schedule"))}},
                {"id", "kind", "name", "state", "created"});
}

const Parameter which_run{"id", "the run's id", string()};

void add_one_run(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/runs/{id}",
              .id = "getRun",
              .tag = "runs",
              .summary = "One run with its steps",
              .parameters = {which_run},
              .response = run_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) { return show_run(api, request); })});
  router.add({.pattern = "/api/v1/runs/{id}/logs",
              .id = "getRunLogs",
              .tag = "runs",
              .summary = "What the steps of a run logged",
              .parameters = {which_run,
                             {"step", "only of this step, from 0", integer()},
                             {"after", "only records above this number", integer()},
                             {"limit", "at most so many, 1000 when absent", integer()}},
              .response = object({{"records", list(object({{"number", integer()},
                                                           {"step", integer()},
                                                           {"step_name", string()},
                                                           {"level", string()},
                                                           {"time", time()},
                                                           {"message", string()},
                                                           {"fields", anything()}}))}},
                                 {"records"}),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) { return show_logs(api, request); })});
  router.add({.pattern = "/api/v1/runs/{id}/events",
              .id = "watchRun",
              .tag = "runs",
              .summary = "What happens in a run, live",
              .description = "Server-sent events, numbered within the run; docs/events.md lists them. `Last-Event-ID` "
                             "resumes after an event.",
              .parameters = {which_run, {"after", "as Last-Event-ID", integer()}},
              .response = string(),
              .response_type = "text/event-stream",
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) { return watch(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/runs/{id}/cancel",
              .id = "cancelRun",
              .tag = "runs",
              .summary = "Ask a run to stop",
              .parameters = {which_run},
              .response = object({{"run_id", string()}, {"state", string()}}, {"run_id"}),
              .success = 202,
              .errors = {Code::not_found, Code::conflict},
              .handler = answering([&api](const Request& request) { return cancel_run(api, request); })});
}

}  // namespace

void add_run_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/runs",
              .id = "listRuns",
              .tag = "runs",
              .summary = "Runs, newest first",
              .parameters = {{"state", "only in this state", string()},
                             {"name", "only of this pipeline", string()},
                             {"before", "only older than this run, for paging", string()},
                             {"limit", "at most so many, 100 when absent", integer()}},
              .response = object({{"runs", list(run_schema())}}, {"runs"}),
              .handler = answering([&api](const Request& request) { return list_runs(api, request); })});
  add_one_run(router, api);
}

}  // namespace mortise::http
