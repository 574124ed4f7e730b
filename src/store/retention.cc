#include "store/retention.h"

#include "store/rows.h"

namespace mortise::store {
namespace {

constexpr std::string_view removable =
    " r.state IN ('succeeded', 'failed', 'cancelled') AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.run = r.id"
    " AND d.state IN ('open', 'driven'))";

std::vector<std::string> ids_of(Statement rows) {
  return all_rows(std::move(rows), [](const Statement& row) { return row.text(0); });
}

}  // namespace

std::vector<std::string> RetentionStore::remove_runs(Time older, std::uint64_t keep, std::uint32_t limit) {
  std::vector<std::string> ids =
      ids_of(connection_.query("SELECT r.id FROM runs r WHERE (r.finished < ?1 OR r.id <= (SELECT id FROM runs ORDER "
                               "BY id DESC LIMIT 1 OFFSET ?2))"
                               " AND" +
                                   std::string(removable) + " ORDER BY r.id LIMIT ?3",
                               older, keep, limit));
  for (const std::string& id : ids) {
    for (const char* table : {"step_logs", "step_outputs", "run_plans", "run_steps"})
      connection_.run("DELETE FROM " + std::string(table) + " WHERE run = ?1", id);
    connection_.run("DELETE FROM runs WHERE id = ?1", id);
  }
  return ids;
}

std::vector<std::string> RetentionStore::remove_outputs(Time older, std::uint32_t limit) {
  std::vector<std::string> ids = ids_of(connection_.query(
      "SELECT r.id FROM runs r WHERE r.finished < ?1 AND EXISTS (SELECT 1 FROM step_outputs o WHERE o.run = r.id) AND" +
          std::string(removable) + " ORDER BY r.id LIMIT ?2",
      older, limit));
  for (const std::string& id : ids) connection_.run("DELETE FROM step_outputs WHERE run = ?1", id);
  return ids;
}

std::int64_t RetentionStore::remove_events(Time older, std::uint64_t keep) {
  return connection_.run(
      "DELETE FROM events WHERE time < ?1 OR id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?2)", older,
      keep);
}

std::int64_t RetentionStore::remove_letters(Time older) {
  return connection_.run("DELETE FROM dead_letters WHERE changed < ?1", older);
}

std::int64_t RetentionStore::remove_alerts(Time older) {
  return connection_.run("DELETE FROM alerts WHERE state = 'resolved' AND resolved < ?1", older);
}

}  // namespace mortise::store
