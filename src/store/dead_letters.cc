#include "store/dead_letters.h"

#include "store/rows.h"

namespace mortise::store {
namespace {

constexpr std::string_view columns =
    "SELECT id, run, pipeline, position, step, plugin, state, code, reason, error, input, attempts, drives, created,"
    " changed FROM dead_letters";

DeadLetterRow read_letter(const Statement& row) {
  DeadLetterRow letter;
  letter.id = row.text(0);
  letter.run = row.text(1);
  letter.pipeline = row.text(2);
  letter.position = row.int64(3);
  letter.step = row.text(4);
  letter.plugin = row.text(5);
  letter.state = row.text(6);
  letter.code = row.text(7);
  letter.reason = row.text(8);
  letter.error = row.text(9);
  letter.input = row.text(10);
  letter.attempts = static_cast<std::uint32_t>(row.int64(11));
  letter.drives = static_cast<std::uint32_t>(row.int64(12));
  letter.created = Time{row.int64(13)};
  letter.changed = Time{row.int64(14)};
  return letter;
}

}  // namespace

void DeadLetterStore::put(const DeadLetterRow& letter) {
  connection_.run(
      "INSERT INTO dead_letters (id, run, pipeline, position, step, plugin, state, code, reason, error, input,"
      " attempts, created, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
      " ON CONFLICT (run, position) DO UPDATE SET state = excluded.state, code = excluded.code,"
      " reason = excluded.reason, error = excluded.error, input = excluded.input, attempts = excluded.attempts,"
      " changed = excluded.changed",
      letter.id, letter.run, letter.pipeline, letter.position, letter.step, letter.plugin, letter.state, letter.code,
      letter.reason, letter.error, letter.input, letter.attempts, letter.created, letter.changed);
}

std::int64_t DeadLetterStore::move_of_run(const std::string& run, std::string_view to, std::uint32_t drives, Time at) {
  return connection_.run(
      "UPDATE dead_letters SET state = ?2, drives = drives + ?3, changed = ?4"
      " WHERE run = ?1 AND state IN ('open', 'driven')",
      run, to, drives, at);
}

bool DeadLetterStore::move(const std::string& id, std::string_view from, std::string_view to, Time at) {
  return connection_.run("UPDATE dead_letters SET state = ?3, changed = ?4 WHERE id = ?1 AND state = ?2", id, from, to,
                         at) == 1;
}

std::optional<DeadLetterRow> DeadLetterStore::find(const std::string& id) {
  return first_row(connection_.query(std::string(columns) + " WHERE id = ?1", id), read_letter);
}

std::vector<DeadLetterRow> DeadLetterStore::list(const DeadLetterQuery& query) {
  Statement rows =
      connection_.query(std::string(columns) +
                            " WHERE (?1 = '' OR state = ?1) AND (?2 = '' OR pipeline = ?2) AND (?3 = '' OR run = ?3)"
                            " AND (?4 = '' OR id < ?4) ORDER BY id DESC LIMIT ?5",
                        query.state, query.pipeline, query.run, query.before, query.limit);
  return all_rows(std::move(rows), read_letter);
}

}  // namespace mortise::store
