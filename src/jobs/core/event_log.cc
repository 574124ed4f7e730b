#include "jobs/core/event_log.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/ids.h"
#include "jobs/core/json_column.h"
#include "store/database.h"

namespace mortise::jobs {
namespace {

using store::AlertStore;
using store::Connection;
using store::Durability;

constexpr std::array<std::string_view, 4> severities{"low", "medium", "high", "critical"};

Alert alert_of(const store::AlertRow& row) {
  Alert alert;
  alert.id = row.id;
  alert.subject = row.subject;
  alert.severity = row.severity;
  alert.state = row.state;
  alert.title = row.title;
  alert.source = row.source;
  alert.data = read_json_column(row.data);
  alert.occurrences = row.occurrences;
  alert.raised = row.raised;
  alert.seen = row.seen;
  alert.acknowledged = row.acknowledged;
  alert.resolved = row.resolved;
  alert.note = row.note;
  return alert;
}

std::vector<EventRecord> records_of(const std::vector<store::EventRow>& rows) {
  std::vector<EventRecord> events;
  for (const store::EventRow& row : rows)
    events.push_back({row.id, row.type, row.time, row.source, row.run, read_json_column(row.data)});
  return events;
}

void require_word(std::string_view key, const std::string& word, std::initializer_list<std::string_view> known) {
  if (word.empty() || std::find(known.begin(), known.end(), word) != known.end()) return;
  std::string all;
  for (const std::string_view each : known) all += (all.empty() ? "" : ", ") + std::string(each);
  throw Error(Code::invalid, "'" + word + "' is no " + std::string(key) + " of an alert", "known are " + all)
      .with("key", std::string(key))
      .with("expected", all)
      .with("got", word);
}

}  // namespace

void EventLog::record(const NewEvent& event) {
  store::EventRow row;
  row.type = clean_text(event.type);
  row.time = event.time.value_or(now());
  row.source = clean_text(event.source);
  row.run = event.run;
  row.data = json_column(event.data);
  const std::lock_guard lock(order_);
  row.id = make_id("ev");
  database_.post(Durability::normal,
                 [row = std::move(row)](Connection& connection) { store::EventStore(connection).add(row); });
}

std::vector<EventRecord> EventLog::list(const Filter& filter) const {
  database_.flush();
  return records_of(database_.read([&](Connection& connection) { return store::EventStore(connection).list(filter); }));
}

std::vector<EventRecord> EventLog::after(const std::string& id, const std::string& type, std::uint32_t limit) const {
  database_.flush();
  return records_of(database_.read([&](Connection& connection) { return store::EventStore(connection).after(id, type, limit); }));
}

std::string EventLog::present() { return make_id("ev"); }

std::string_view name_of(Severity severity) noexcept { return severities[static_cast<std::size_t>(severity)]; }

std::optional<Severity> severity_named(std::string_view name) noexcept {
  const auto found = std::find(severities.begin(), severities.end(), name);
  if (found == severities.end()) return std::nullopt;
  return static_cast<Severity>(found - severities.begin());
}

std::string Alerts::raise(const NewAlert& alert) {
  store::AlertRow row;
  row.id = make_id("alert");
  row.subject = clean_text(alert.subject);
  row.severity = name_of(alert.severity);
  row.title = clean_text(alert.title);
  row.source = clean_text(alert.source);
  row.data = json_column(alert.data);
  row.raised = row.seen = now();
  std::string id =
      database_.write(Durability::full, [&](Connection& connection) { return AlertStore(connection).raise(row); })
          .get();
  tell("alert.raised", get(id));
  return id;
}

void Alerts::acknowledge(const std::string& id, const std::string& note) {
  const bool moved = database_
                         .write(Durability::full,
                                [&](Connection& connection) {
                                  return AlertStore(connection).acknowledge(id, clean_text(note), now());
                                })
                         .get();
  const Alert alert = get(id);
  if (moved) return tell("alert.acknowledged", alert);
  throw Error(Code::conflict, "the alert '" + id + "' is " + alert.state + "; only open ones are acknowledged")
      .with("alert", id)
      .with("got", alert.state);
}

void Alerts::resolve(const std::string& id, const std::string& note) {
  const bool moved =
      database_
          .write(Durability::full,
                 [&](Connection& connection) { return AlertStore(connection).resolve(id, clean_text(note), now()); })
          .get();
  const Alert alert = get(id);
  if (moved) return tell("alert.resolved", alert);
  throw Error(Code::conflict, "the alert '" + id + "' is resolved already").with("alert", id).with("got", alert.state);
}

void Alerts::resolve_subject(const std::string& subject, const std::string& note) {
  const auto row = database_.read([&](Connection& connection) { return AlertStore(connection).unresolved(subject); });
  if (row) resolve(row->id, note);
}

std::vector<Alert> Alerts::list(const Filter& filter) const {
  require_word("state", filter.state, {"open", "acknowledged", "resolved", "unresolved"});
  require_word("severity", filter.severity, {"low", "medium", "high", "critical"});
  std::vector<Alert> alerts;
  for (const store::AlertRow& row :
       database_.read([&](Connection& connection) { return AlertStore(connection).list(filter); }))
    alerts.push_back(alert_of(row));
  return alerts;
}

Alert Alerts::get(const std::string& id) const {
  const auto row = database_.read([&](Connection& connection) { return AlertStore(connection).find(id); });
  if (row) return alert_of(*row);
  throw Error(Code::not_found, "there is no alert '" + id + "'", "`mortise alert list` shows those that are kept")
      .with("alert", id);
}

void Alerts::tell(const char* type, const Alert& alert) {
  events_.record({.type = type,
                  .source = alert.source,
                  .data = Value::map({{"alert", alert.id},
                                      {"subject", alert.subject},
                                      {"severity", alert.severity},
                                      {"title", alert.title},
                                      {"occurrences", alert.occurrences}})});
}

}  // namespace mortise::jobs
