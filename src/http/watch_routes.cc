// Watches: monitors that are polled, and the segments of what they see.
#include <algorithm>

#include "http/api.h"
#include "http/event_stream.h"
#include "http/openapi.h"
#include "jobs/core/events.h"
#include "jobs/monitors/monitors.h"
#include "plugin/registry.h"

namespace mortise::http {
namespace {

using namespace schema;

constexpr double longest = 366 * 86400.0;  // seconds of an interval or cooldown

std::string text_in(const Value& map, std::string_view key, const std::string& otherwise) {
  const Value* found = map.find(key);
  if (found == nullptr || found->is_null()) return otherwise;
  if (!found->is(Kind::string))
    throw Error(Code::invalid, std::string(key) + ": expected a string").with("key", std::string(key));
  return std::string(found->as_string());
}

std::chrono::milliseconds seconds_in(const Value& map, std::string_view key, double otherwise) {
  const Value* found = map.find(key);
  if (found != nullptr && !found->is_null() && !found->is_number())
    throw Error(Code::invalid, std::string(key) + ": expected a number of seconds").with("key", std::string(key));
  const double seconds = found == nullptr || found->is_null() ? otherwise : found->as_float64();
  if (!(seconds >= 0.001 && seconds <= longest))
    throw Error(Code::invalid, std::string(key) + ": expected from 0.001 to 31622400 seconds")
        .with("key", std::string(key));
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

bool flag_in(const Value& map, std::string_view key, bool otherwise) {
  const Value* found = map.find(key);
  if (found == nullptr || found->is_null()) return otherwise;
  if (!found->is(Kind::boolean))
    throw Error(Code::invalid, std::string(key) + ": expected true or false").with("key", std::string(key));
  return found->as_bool();
}

jobs::MonitorSpec monitor_of(const Api& api, const Value& each) {
  const auto plugin = api.registry.get(text_in(each, "plugin", ""));
  const auto& points = plugin->extension_points;
  if (std::find(points.begin(), points.end(), "monitor") == points.end()) {
    throw Error(Code::invalid, "plugin '" + plugin->id + "' is no monitor",
                "it has the extension points of its manifest only")
        .with("plugin", plugin->id);
  }
  const Value* config = each.find("config");
  return {
      text_in(each, "label", plugin->id),
      plugin->id,
      plugin->config.apply(config == nullptr ? Value() : *config, "config"),
      {flag_in(each, "resets_cooldown", true), flag_in(each, "infrequent", false), text_in(each, "data_header", "")},
      seconds_in(each, "poll_interval_s", 5)};
}

Response begin(const Api& api, const Request& request) {
  const Value body = request.json();
  const Value* monitors = body.find("monitors");
  if (monitors == nullptr || !monitors->is(Kind::list) || monitors->size() == 0 || monitors->size() > 1000)
    throw Error(Code::invalid, "monitors: expected a list of 1 to 1000 monitors").with("key", "monitors");
  jobs::WatchSpec spec;
  spec.name = text_in(body, "name", "watch");
  spec.cooldown = seconds_in(body, "cooldown_s", 600);
  for (const Value& each : monitors->items()) spec.monitors.push_back(monitor_of(api, each));
  return Response::json(Value::map({{"id", api.monitors.begin(std::move(spec))}}), 201);
}

Value watch_schema() {
  return object({{"id", string()},
                 {"name", string()},
                 {"state", one_of({"IDLE", "ACTIVE", "CLOSING"})},
                 {"remaining_s", number("until the open segment is complete, if nothing more happens")},
                 {"events", integer()},
                 {"segments", integer("that were written")},
                 {"monitors", list(anything("label, state (waiting, polling, quarantined), polls, events, failures, "
                                            "quarantined_until, last_error, ..."))}},
                {"id", "name", "state", "monitors"});
}

const Parameter which_watch{"id", "the watch's id", string()};

Value monitor_schema() {
  return object({{"plugin", string("id or alias of a plugin with the extension point `monitor`")},
                 {"label", string("of its events; the plugin's id when absent")},
                 {"config", anything("the plugin's own configuration")},
                 {"poll_interval_s", number("5 when absent")},
                 {"resets_cooldown", boolean("true when absent")},
                 {"infrequent", boolean("false when absent")},
                 {"data_header", string("the key of the events' data that is collected")}},
                {"plugin"});
}

}  // namespace

void add_watch_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/watches",
              .id = "listWatches",
              .tag = "watches",
              .summary = "The watches that poll monitors now",
              .response = object({{"watches", list(watch_schema())}}, {"watches"}),
              .handler = answering([&api](const Request&) {
                return Response::json(Value::map({{"watches", api.monitors.list()}}));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/watches",
              .id = "beginWatch",
              .tag = "watches",
              .summary = "Begin to poll monitors",
              .request = object(
                  {{"name", string()}, {"cooldown_s", number("600 when absent")}, {"monitors", list(monitor_schema())}},
                  {"monitors"}),
              .response = object({{"id", string()}}, {"id"}),
              .success = 201,
              .errors = {Code::not_found, Code::busy},
              .handler = answering([&api](const Request& request) { return begin(api, request); })});
  router.add({.pattern = "/api/v1/watches/{id}",
              .id = "getWatch",
              .tag = "watches",
              .summary = "One watch: its segment and how its monitors fare",
              .parameters = {which_watch},
              .response = watch_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) {
                return Response::json(api.monitors.status(std::string(request.variable("id"))));
              })});
  router.add({.method = Method::del,
              .pattern = "/api/v1/watches/{id}",
              .id = "endWatch",
              .tag = "watches",
              .summary = "End a watch; its open segment is completed and written first",
              .parameters = {which_watch},
              .response = watch_schema(),
              .errors = {Code::not_found},
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) {
                return Response::json(api.monitors.end(std::string(request.variable("id"))));
              })});
  router.add(
      {.pattern = "/api/v1/watches/{id}/events",
       .id = "followWatch",
       .tag = "watches",
       .summary = "What a watch records, live",
       .description = "Server-sent events: monitor.event, monitor.segment, and monitor.note for what happens between.",
       .parameters = {which_watch},
       .response = string(),
       .response_type = "text/event-stream",
       .errors = {Code::not_found},
       .handler = answering([&api](const Request& request) {
         const std::string id(request.variable("id"));
         (void)api.monitors.status(id);
         return event_stream([&api, id](Stream& stream) {
           const auto watch = api.events.watch(id);
           forward_events(*watch, stream);
         });
       })});
}

}  // namespace mortise::http
