// Schedules: when pipelines are started by themselves.
#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/config_tree.h"
#include "data/value_json.h"
#include "http/api.h"
#include "http/openapi.h"
#include "http/schedule_start.h"
#include "os/paths.h"

namespace mortise::http {
namespace {

using namespace schema;

const Parameter which_schedule{"name", "the schedule's name", string()};
constexpr std::array keys_of_timing{"cron", "every", "event", "source", "data", "zone", "missed", "most", "overlap", "jitter"};
const Parameter how_many{"count", "how many times, 5 when absent", integer()};

Value time_or_null(const std::optional<Time>& time) { return time ? Value(to_rfc3339(*time)) : Value(); }

Value schedule_value(const jobs::Schedule& schedule) {
  return Value::map({{"name", schedule.name},
                     {"timing", schedule.spec.timing},
                     {"zone", schedule.spec.zone},
                     {"missed", name_of(schedule.spec.missed)},
                     {"most", schedule.spec.most},
                     {"overlap", name_of(schedule.spec.overlap)},
                     {"jitter_ms", std::chrono::duration<double, std::milli>(schedule.spec.jitter).count()},
                     {"state", schedule.paused ? "paused" : "active"},
                     {"origin", schedule.origin.empty() ? Value() : Value(schedule.origin)},
                     {"request", schedule.request.at("body")},
                     {"created", to_rfc3339(schedule.created)},
                     {"next", schedule.paused ? Value() : time_or_null(schedule.next)},
                     {"last", time_or_null(schedule.last)},
                     {"last_run", schedule.last_run.empty() ? Value() : Value(schedule.last_run)},
                     {"problem", schedule.problem.empty() ? Value() : Value(schedule.problem)}});
}

// The keys of a timing among those of the body; read by the reader of pipeline files, so that both take the same.
jobs::ScheduleSpec spec_of(const Value& body) {
  Value timing = Value::map();
  for (const char* key : keys_of_timing) {
    if (const Value* value = body.find(key); value != nullptr && !value->is_null()) timing.set(key, *value);
  }
  return jobs::read_schedule_spec(parse_json_config(data::to_json(timing), "request"));
}

// What is left is the request of a run.
Value run_body_of(const Api& api, const Value& body) {
  Value rest = Value::map();
  for (const Member& member : body.members()) {
    const std::string_view key = member.key();
    if (key != "name" && std::find(keys_of_timing.begin(), keys_of_timing.end(), key) == keys_of_timing.end()) rest.set(key, member.value());
  }
  if (const Value* folder = rest.find("folder"); folder == nullptr || folder->is(Kind::string)) {
    const std::string given = folder == nullptr ? std::string(".") : std::string(folder->as_string());
    rest.set("folder", os::absolute(os::join(api.folder, given)));
  }
  return rest;
}

Response add(const Api& api, const Request& request) {
  const Value body = request.json();
  if (!body.is(Kind::map)) throw Error(Code::invalid, "the body must be a JSON object");
  const Value* name = body.find("name");
  if (name == nullptr || !name->is(Kind::string)) {
    throw Error(Code::invalid, "the body needs a text 'name'",
                R"(send for example {"name": "nightly", "cron": "0 2 * * *", "pipeline_name": "report"})")
        .with("key", "name");
  }
  jobs::Schedule schedule;
  schedule.name = name->as_string();
  schedule.spec = spec_of(body);
  schedule.request = schedule_request(request, run_body_of(api, body));
  return Response::json(schedule_value(api.scheduler.add(std::move(schedule))), 201);
}

Response list_all(const Api& api) {
  Value schedules = Value::list();
  for (const jobs::Schedule& schedule : api.scheduler.list()) schedules.push_back(schedule_value(schedule));
  return Response::json(Value::map({{"schedules", schedules}}));
}

Response show(const Api& api, const std::string& name) {
  return Response::json(schedule_value(api.scheduler.get(name)));
}

Value times_value(const std::vector<Time>& times) {
  Value list = Value::list();
  for (const Time time : times) list.push_back(to_rfc3339(time));
  return Value::map({{"times", list}});
}

std::size_t count_of(const Request& request) {
  return static_cast<std::size_t>(request.int_parameter("count", 5, 1, 1000));
}

Response next_times(const Api& api, const Request& request) {
  const jobs::Schedule schedule = api.scheduler.get(std::string(request.variable("name")));
  return Response::json(times_value(api.scheduler.preview(schedule.spec, count_of(request), schedule.created)));
}

Response preview(const Api& api, const Request& request) {
  Value body = Value::map();
  for (const char* key : {"cron", "every", "zone"}) {
    if (const auto value = request.parameter(key)) body.set(key, *value);
  }
  return Response::json(times_value(api.scheduler.preview(spec_of(body), count_of(request))));
}

enum class Move { pause, unpause, remove };

Response move(const Api& api, const Request& request, Move move) {
  const std::string name(request.variable("name"));
  if (move == Move::pause) api.scheduler.pause(name);
  if (move == Move::unpause) api.scheduler.unpause(name);
  if (move != Move::remove) return show(api, name);
  const jobs::Schedule schedule = api.scheduler.get(name);
  if (!schedule.origin.empty()) {
    throw Error(Code::conflict, "the schedule '" + name + "' is declared by " + schedule.origin,
                "take `schedule` out of that file, or pause the schedule")
        .with("schedule", name)
        .with("file", schedule.origin);
  }
  api.scheduler.remove(name);
  return Response::json(Value::map({{"removed", name}}));
}

Value schedule_schema() {
  return object({{"name", string()},
                 {"timing", string("five fields of cron, \"every 15m\", or \"event run.failed\"")},
                 {"zone", string("IANA")},
                 {"missed", one_of({"skip", "once", "all"})},
                 {"most", integer()},
                 {"overlap", one_of({"skip", "queue", "cancel"})},
                 {"jitter_ms", number()},
                 {"state", one_of({"active", "paused"})},
                 {"origin", nullable(string("the pipeline file that declares it"))},
                 {"request", object({})},
                 {"created", time()},
                 {"next", nullable(string("RFC 3339"))},
                 {"last", nullable(string("RFC 3339"))},
                 {"last_run", nullable(string())},
                 {"problem", nullable(string("why the last time could not be used"))}},
                {"name", "timing", "zone", "state"});
}

Value times_schema() { return object({{"times", list(time())}}, {"times"}); }

void add_one(Router& router, const Api& api, const char* id, Method method, const char* path, const char* summary,
             Move what) {
  router.add({.method = method,
              .pattern = path,
              .id = id,
              .tag = "schedules",
              .summary = summary,
              .parameters = {which_schedule},
              .response = what == Move::remove ? object({{"removed", string()}}) : schedule_schema(),
              .errors = {Code::not_found, Code::conflict},
              .handler = answering([&api, what](const Request& request) { return move(api, request, what); })});
}

void add_times(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/schedules/{name}/next",
              .id = "nextTimes",
              .tag = "schedules",
              .summary = "When a schedule is due next",
              .parameters = {which_schedule, how_many},
              .response = times_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) { return next_times(api, request); })});
  router.add({.pattern = "/api/v1/schedule-preview",
              .id = "previewSchedule",
              .tag = "schedules",
              .summary = "When a schedule would be due",
              .parameters = {{"cron", "five fields, or @daily and the like", string()},
                             {"every", "a duration, instead of cron", string()},
                             {"zone", "IANA, UTC when absent", string()},
                             how_many},
              .response = times_schema(),
              .handler = answering([&api](const Request& request) { return preview(api, request); })});
}

}  // namespace

void add_schedule_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/schedules",
              .id = "listSchedules",
              .tag = "schedules",
              .summary = "All schedules, by name",
              .response = object({{"schedules", list(schedule_schema())}}, {"schedules"}),
              .handler = answering([&api](const Request&) { return list_all(api); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/schedules",
              .id = "addSchedule",
              .tag = "schedules",
              .summary = "Start a pipeline at given times, or after events",
              .description = "Beside `name` and the timing, the body names the pipeline as startRun does.",
              .request = object({{"name", string()},
                                 {"cron", string("five fields, or @daily and the like")},
                                 {"every", string("a duration, instead of cron")},
                                 {"event", string("a type of events, instead of cron; \"run.\" is all that begin so")},
                                 {"source", string("of the event")},
                                 {"data", object({})},
                                 {"zone", string("IANA, UTC when absent")},
                                 {"missed", one_of({"skip", "once", "all"}, "once when absent")},
                                 {"most", integer("times that missed: all makes up for, 10 when absent")},
                                 {"overlap", one_of({"skip", "queue", "cancel"}, "skip when absent")},
                                 {"jitter", string("a duration by which each time is put off at most")},
                                 {"pipeline_name", string()},
                                 {"pipeline_file", string()},
                                 {"pipeline_id", string()},
                                 {"pipeline", object({})},
                                 {"folder", string()},
                                 {"context", object({})}},
                                {"name"}),
              .response = schedule_schema(),
              .success = 201,
              .errors = {Code::not_found, Code::conflict},
              .handler = answering([&api](const Request& request) { return add(api, request); })});
  router.add({.pattern = "/api/v1/schedules/{name}",
              .id = "getSchedule",
              .tag = "schedules",
              .summary = "One schedule",
              .parameters = {which_schedule},
              .response = schedule_schema(),
              .errors = {Code::not_found},
              .handler = answering(
                  [&api](const Request& request) { return show(api, std::string(request.variable("name"))); })});
  add_one(router, api, "removeSchedule", Method::del, "/api/v1/schedules/{name}", "Remove a schedule", Move::remove);
  add_one(router, api, "pauseSchedule", Method::post, "/api/v1/schedules/{name}/pause", "Let a schedule start nothing",
          Move::pause);
  add_one(router, api, "unpauseSchedule", Method::post, "/api/v1/schedules/{name}/unpause",
          "Let a schedule go on with its next time from now", Move::unpause);
  add_times(router, api);
}

}  // namespace mortise::http
