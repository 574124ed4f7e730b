#include "store/events.h"

#include <limits>

#include "store/rows.h"

namespace mortise::store {
namespace {

constexpr std::string_view alert_columns =
    "SELECT id, subject, severity, state, title, source, data, occurrences, raised, seen, acknowledged, resolved, note"
    " FROM alerts";

AlertRow read_alert(const Statement& row) {
  AlertRow alert;
  alert.id = row.text(0);
  alert.subject = row.text(1);
  alert.severity = row.text(2);
  alert.state = row.text(3);
  alert.title = row.text(4);
  alert.source = row.text(5);
  alert.data = row.text(6);
  alert.occurrences = row.int64(7);
  alert.raised = Time{row.int64(8)};
  alert.seen = Time{row.int64(9)};
  alert.acknowledged = row.optional_time(10);
  alert.resolved = row.optional_time(11);
  alert.note = row.text(12);
  return alert;
}

EventRow read_event(const Statement& row) {
  return {row.text(0), row.text(1), Time{row.int64(2)}, row.text(3), row.text(4), row.text(5)};
}

}  // namespace

void EventStore::add(const EventRow& event) {
  connection_.run("INSERT INTO events (id, type, time, source, run, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", event.id,
                  event.type, event.time, event.source, event.run, event.data);
}

std::vector<EventRow> EventStore::list(const EventQuery& query) {
  const bool family = query.type.ends_with('.');
  Statement rows = connection_.query(
      "SELECT id, type, time, source, run, data FROM events"
      " WHERE (?1 = '' OR type = ?1) AND (?2 = '' OR substr(type, 1, length(?2)) = ?2) AND (?3 = '' OR source = ?3)"
      " AND (?4 = '' OR run = ?4) AND time >= ?5 AND time <= ?6 AND (?7 = '' OR id < ?7) ORDER BY id DESC LIMIT ?8",
      family ? std::string() : query.type, family ? query.type : std::string(), query.source, query.run,
      query.since.value_or(Time{std::numeric_limits<std::int64_t>::min()}),
      query.until.value_or(Time{std::numeric_limits<std::int64_t>::max()}), query.before, query.limit);
  return all_rows(std::move(rows), read_event);
}

std::vector<EventRow> EventStore::after(const std::string& id, const std::string& type, std::uint32_t limit) {
  const bool family = type.ends_with('.');
  Statement rows = connection_.query(
      "SELECT id, type, time, source, run, data FROM events"
      " WHERE id > ?1 AND (?2 = '' OR type = ?2) AND (?3 = '' OR substr(type, 1, length(?3)) = ?3) ORDER BY id LIMIT ?4",
      id, family ? std::string() : type, family ? type : std::string(), limit);
  return all_rows(std::move(rows), read_event);
}

std::string AlertStore::raise(const AlertRow& alert) {
  const auto known = unresolved(alert.subject);
  if (known) {
    connection_.run(
        "UPDATE alerts SET severity = ?2, title = ?3, data = ?4, seen = ?5, occurrences = occurrences + 1 WHERE id = "
        "?1",
        known->id, alert.severity, alert.title, alert.data, alert.seen);
    return known->id;
  }
  connection_.run(
      "INSERT INTO alerts (id, subject, severity, state, title, source, data, raised, seen)"
      " VALUES (?1, ?2, ?3, 'open', ?4, ?5, ?6, ?7, ?8)",
      alert.id, alert.subject, alert.severity, alert.title, alert.source, alert.data, alert.raised, alert.seen);
  return alert.id;
}

bool AlertStore::acknowledge(const std::string& id, std::string_view note, Time at) {
  return connection_.run(
             "UPDATE alerts SET state = 'acknowledged', acknowledged = ?2, note = ?3 WHERE id = ?1 AND state = 'open'",
             id, at, note) == 1;
}

bool AlertStore::resolve(const std::string& id, std::string_view note, Time at) {
  return connection_.run(
             "UPDATE alerts SET state = 'resolved', resolved = ?2, note = CASE WHEN ?3 = '' THEN note ELSE ?3 END"
             " WHERE id = ?1 AND state <> 'resolved'",
             id, at, note) == 1;
}

std::optional<AlertRow> AlertStore::find(const std::string& id) {
  return first_row(connection_.query(std::string(alert_columns) + " WHERE id = ?1", id), read_alert);
}

std::optional<AlertRow> AlertStore::unresolved(const std::string& subject) {
  Statement row =
      connection_.query(std::string(alert_columns) + " WHERE subject = ?1 AND state <> 'resolved'", subject);
  return first_row(std::move(row), read_alert);
}

std::vector<AlertRow> AlertStore::list(const AlertQuery& query) {
  Statement rows = connection_.query(
      std::string(alert_columns) +
          " WHERE (?1 = '' OR state = ?1 OR (?1 = 'unresolved' AND state <> 'resolved')) AND (?2 = '' OR severity = ?2)"
          " AND (?3 = '' OR subject = ?3) AND (?4 = '' OR id < ?4) ORDER BY id DESC LIMIT ?5",
      query.state, query.severity, query.subject, query.before, query.limit);
  return all_rows(std::move(rows), read_alert);
}

}  // namespace mortise::store
