// Events and alerts: what happened, and what somebody must look at.
#include "base/clock.h"
#include "http/api.h"
#include "http/openapi.h"
#include "jobs/core/event_log.h"

namespace mortise::http {
namespace {

using namespace schema;

const Parameter which_alert{"id", "the alert's id", string()};

std::optional<Time> time_parameter(const Request& request, std::string_view name) {
  const auto text = request.parameter(name);
  if (!text) return std::nullopt;
  if (const auto time = parse_rfc3339(*text)) return time;
  throw Error(Code::invalid, "the parameter '" + std::string(name) + "' must be a time such as 2026-01-31T12:00:00Z")
      .with("key", std::string(name))
      .with("got", std::string(*text));
}

Value time_or_null(const std::optional<Time>& time) { return time ? Value(to_rfc3339(*time)) : Value(); }

Response list_events(const Api& api, const Request& request) {
  jobs::EventLog::Filter filter;
  filter.type = request.parameter("type").value_or("");
  filter.source = request.parameter("source").value_or("");
  filter.run = request.parameter("run").value_or("");
  filter.since = time_parameter(request, "since");
  filter.until = time_parameter(request, "until");
  filter.before = request.parameter("before").value_or("");
  filter.limit = static_cast<std::uint32_t>(request.int_parameter("limit", 100, 1, 10'000));
  Value events = Value::list();
  for (const jobs::EventRecord& event : api.event_log.list(filter)) {
    events.push_back(Value::map({{"id", event.id},
                                 {"type", event.type},
                                 {"time", to_rfc3339(event.time)},
                                 {"source", event.source},
                                 {"run_id", event.run.empty() ? Value() : Value(event.run)},
                                 {"data", event.data}}));
  }
  return Response::json(Value::map({{"events", events}}));
}

Value alert_value(const jobs::Alert& alert) {
  return Value::map({{"id", alert.id},
                     {"subject", alert.subject},
                     {"severity", alert.severity},
                     {"state", alert.state},
                     {"title", alert.title},
                     {"source", alert.source},
                     {"occurrences", alert.occurrences},
                     {"raised", to_rfc3339(alert.raised)},
                     {"seen", to_rfc3339(alert.seen)},
                     {"acknowledged", time_or_null(alert.acknowledged)},
                     {"resolved", time_or_null(alert.resolved)},
                     {"note", alert.note},
                     {"data", alert.data}});
}

Response list_alerts(const Api& api, const Request& request) {
  jobs::Alerts::Filter filter;
  filter.state = request.parameter("state").value_or("");
  filter.severity = request.parameter("severity").value_or("");
  filter.subject = request.parameter("subject").value_or("");
  filter.before = request.parameter("before").value_or("");
  filter.limit = static_cast<std::uint32_t>(request.int_parameter("limit", 100, 1, 1000));
  Value alerts = Value::list();
  for (const jobs::Alert& alert : api.alerts.list(filter)) alerts.push_back(alert_value(alert));
  return Response::json(Value::map({{"alerts", alerts}}));
}

std::string text_of(const Value& body, std::string_view key, Presence presence) {
  const Value* value = body.find(key);
  if (value != nullptr && value->is(Kind::string)) return std::string(value->as_string());
  if (value == nullptr && presence == Presence::optional) return {};
  throw Error(Code::invalid, "the body needs a text '" + std::string(key) + "'").with("key", std::string(key));
}

Response raise_alert(const Api& api, const Request& request) {
  const Value body = request.json();
  jobs::NewAlert alert;
  alert.subject = text_of(body, "subject", Presence::required);
  alert.title = text_of(body, "title", Presence::required);
  alert.source = "operator";
  if (const std::string severity = text_of(body, "severity", Presence::optional); !severity.empty()) {
    const auto known = jobs::severity_named(severity);
    if (!known) {
      throw Error(Code::invalid, "'" + severity + "' is no severity", "known are low, medium, high, critical")
          .with("key", "severity")
          .with("got", severity);
    }
    alert.severity = *known;
  }
  if (const Value* data = body.find("data")) alert.data = *data;
  return Response::json(alert_value(api.alerts.get(api.alerts.raise(alert))), 201);
}

enum class Move { acknowledge, resolve };

Response move_alert(const Api& api, const Request& request, Move move) {
  const std::string id(request.variable("id"));
  const std::string note = text_of(request.json(), "note", Presence::optional);
  move == Move::acknowledge ? api.alerts.acknowledge(id, note) : api.alerts.resolve(id, note);
  return Response::json(alert_value(api.alerts.get(id)));
}

Value alert_schema() {
  return object({{"id", string()},
                 {"subject", string("what it is about; one unresolved alert each")},
                 {"severity", one_of({"low", "medium", "high", "critical"})},
                 {"state", one_of({"open", "acknowledged", "resolved"})},
                 {"title", string()},
                 {"source", string()},
                 {"occurrences", integer()},
                 {"raised", time()},
                 {"seen", time()},
                 {"acknowledged", nullable(string())},
                 {"resolved", nullable(string())},
                 {"note", string()},
                 {"data", anything()}},
                {"id", "subject", "severity", "state", "title"});
}

void add_events(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/events",
              .id = "listEvents",
              .tag = "events",
              .summary = "What happened, newest first",
              .parameters = {{"type", "only of this type; \"run.\" with a dot at its end: all that begin so", string()},
                             {"source", "only from this source, such as schedule:nightly", string()},
                             {"run", "only of this run", string()},
                             {"since", "RFC 3339", string()},
                             {"until", "RFC 3339", string()},
                             {"before", "only older than this event, for paging", string()},
                             {"limit", "at most so many, 100 when absent", integer()}},
              .response = object({{"events", list(object({{"id", string()},
                                                          {"type", string()},
                                                          {"time", time()},
                                                          {"source", string()},
                                                          {"run_id", nullable(string())},
                                                          {"data", anything()}}))}},
                                 {"events"}),
              .handler = answering([&api](const Request& request) { return list_events(api, request); })});
}

void add_move(Router& router, const Api& api, Move move) {
  const bool acknowledge = move == Move::acknowledge;
  router.add({.method = Method::post,
              .pattern = acknowledge ? "/api/v1/alerts/{id}/acknowledge" : "/api/v1/alerts/{id}/resolve",
              .id = acknowledge ? "acknowledgeAlert" : "resolveAlert",
              .tag = "alerts",
              .summary = acknowledge ? "Say that somebody looks at it" : "Say that it is over",
              .parameters = {which_alert},
              .request = object({{"note", string()}}),
              .response = alert_schema(),
              .errors = {Code::not_found, Code::conflict},
              .handler = answering([&api, move](const Request& request) { return move_alert(api, request, move); })});
}

}  // namespace

void add_alert_routes(Router& router, const Api& api) {
  add_events(router, api);
  router.add(
      {.pattern = "/api/v1/alerts",
       .id = "listAlerts",
       .tag = "alerts",
       .summary = "What somebody must look at, newest first",
       .parameters = {{"state", "only in this state", one_of({"open", "acknowledged", "resolved", "unresolved"})},
                      {"severity", "only of this severity", one_of({"low", "medium", "high", "critical"})},
                      {"subject", "only about this", string()},
                      {"before", "only older than this alert, for paging", string()},
                      {"limit", "at most so many, 100 when absent", integer()}},
       .response = object({{"alerts", list(alert_schema())}}, {"alerts"}),
       .handler = answering([&api](const Request& request) { return list_alerts(api, request); })});
  router.add({.pattern = "/api/v1/alerts/{id}",
              .id = "getAlert",
              .tag = "alerts",
              .summary = "One alert",
              .parameters = {which_alert},
              .response = alert_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) {
                return Response::json(alert_value(api.alerts.get(std::string(request.variable("id")))));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/alerts",
              .id = "raiseAlert",
              .tag = "alerts",
              .summary = "Raise an alert, or count one more about the same subject",
              .request = object({{"subject", string()},
                                 {"title", string()},
                                 {"severity", one_of({"low", "medium", "high", "critical"})},
                                 {"data", anything()}},
                                {"subject", "title"}),
              .response = alert_schema(),
              .success = 201,
              .handler = answering([&api](const Request& request) { return raise_alert(api, request); })});
  add_move(router, api, Move::acknowledge);
  add_move(router, api, Move::resolve);
}

}  // namespace mortise::http
