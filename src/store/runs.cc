#include "store/runs.h"

#include <algorithm>

#include "base/error.h"
#include "store/rows.h"

namespace mortise::store {
namespace {

constexpr std::string_view run_columns =
    "SELECT id, kind, name, source, state, created, started, finished, error, owner_pid, owner_mark, "
    "round, resume, origin, schedule, due, cancel_reason FROM runs";

RunRow read_run(const Statement& row) {
  RunRow run;
  run.id = row.text(0);
  run.kind = row.text(1);
  run.name = row.text(2);
  run.source = row.text(3);
  run.state = row.text(4);
  run.created = Time{row.int64(5)};
  run.started = row.optional_time(6);
  run.finished = row.optional_time(7);
  run.error = row.text(8);
  run.owner_pid = row.int64(9);
  run.owner_mark = row.text(10);
  run.round = static_cast<std::uint32_t>(row.int64(11));
  run.resume = row.text(12);
  run.origin = row.text(13);
  run.schedule = row.text(14);
  run.due = row.optional_time(15);
  run.cancel_reason = row.text(16);
  return run;
}

StepRow read_step(const Statement& row) {
  StepRow step;
  step.position = static_cast<std::uint32_t>(row.int64(0));
  step.attempt = static_cast<std::uint32_t>(row.int64(1));
  step.name = row.text(2);
  step.plugin = row.text(3);
  step.state = row.text(4);
  step.started = row.optional_time(5);
  step.finished = row.optional_time(6);
  step.elapsed_ns = row.int64(7);
  step.rows = row.optional_int64(8);
  step.bytes_copied = static_cast<std::uint64_t>(row.int64(9));
  step.worker_pid = row.int64(10);
  step.error = row.text(11);
  step.outputs = row.text(12);
  step.round = static_cast<std::uint32_t>(row.int64(13));
  step.verdict = row.text(14);
  return step;
}

StepLogRow read_log(const Statement& row) {
  StepLogRow line;
  line.number = static_cast<std::uint64_t>(row.int64(0));
  line.position = static_cast<std::uint32_t>(row.int64(1));
  line.level = row.text(2);
  line.time = Time{row.int64(3)};
  line.message = row.text(4);
  line.fields = row.text(5);
  return line;
}

}  // namespace

void RunStore::add(const RunRow& run) {
  connection_.run(
      "INSERT INTO runs (id, kind, name, source, state, created, started, finished, error, owner_pid, owner_mark,"
      " round, resume, origin, schedule, due)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
      run.id, run.kind, run.name, run.source, run.state, run.created, run.started, run.finished, run.error,
      run.owner_pid, run.owner_mark, run.round, run.resume, run.origin, run.schedule, run.due);
}

void RunStore::add(const std::string& run, const StepRow& step) {
  connection_.run(
      "INSERT INTO run_steps (run, position, attempt, name, plugin, state, started, finished, elapsed_ns, rows,"
      " bytes_copied, worker_pid, error, outputs, round, verdict)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
      run, step.position, step.attempt, step.name, step.plugin, step.state, step.started, step.finished,
      step.elapsed_ns, step.rows, step.bytes_copied, step.worker_pid, step.error, step.outputs, step.round,
      step.verdict);
}

void RunStore::add(const std::string& run, const StepLogRow& line) {
  connection_.run(
      "INSERT INTO step_logs (run, number, position, level, time, message, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      run, line.number, line.position, line.level, line.time, line.message, line.fields);
}

bool RunStore::move(const std::string& run, std::string_view from, std::string_view to, std::optional<Time> started,
                    std::optional<Time> finished, std::string_view error) {
  return connection_.run(
             "UPDATE runs SET state = ?3, started = COALESCE(?4, started), finished = COALESCE(?5, finished), error = "
             "?6"
             " WHERE id = ?1 AND state = ?2",
             run, from, to, started, finished, error) == 1;
}

bool RunStore::adopt(const std::string& run, std::string_view from, std::string_view to, std::uint32_t round,
                     std::int64_t owner_pid, std::string_view owner_mark) {
  return connection_.run(
             "UPDATE runs SET state = ?3, round = ?4, owner_pid = ?5, owner_mark = ?6, finished = NULL, error = ''"
             " WHERE id = ?1 AND state = ?2",
             run, from, to, round, owner_pid, owner_mark) == 1;
}

void RunStore::ask_to_stop(const std::string& run, std::string_view reason) {
  connection_.run("UPDATE runs SET cancel_reason = ?2 WHERE id = ?1", run, reason);
}

void RunStore::reopen_step(const std::string& run, std::uint32_t position) {
  const std::int64_t present = connection_.run(
      "UPDATE run_steps SET state = 'pending', verdict = '', error = '', outputs = '', finished = NULL,"
      " round = (SELECT round FROM runs WHERE id = ?1) WHERE run = ?1 AND position = ?2 AND attempt = 0",
      run, position);
  if (present > 0) return;
  connection_.run(
      "INSERT INTO run_steps (run, position, attempt, name, plugin, state, round)"
      " SELECT ?1, ?2, 0, s.name, s.plugin, 'pending', r.round FROM runs r, run_steps s"
      " WHERE r.id = ?1 AND s.run = ?1 AND s.position = ?2 ORDER BY s.attempt LIMIT 1",
      run, position);
}

void RunStore::begin_attempt(const std::string& run, std::uint32_t position, std::uint32_t attempt,
                             std::string_view state, Time started) {
  const std::int64_t added = connection_.run(
      "INSERT INTO run_steps (run, position, attempt, name, plugin, state, started, round)"
      " SELECT run, position, ?3, name, plugin, ?4, ?5, (SELECT round FROM runs WHERE id = ?1)"
      " FROM run_steps WHERE run = ?1 AND position = ?2 ORDER BY attempt LIMIT 1",
      run, position, attempt, state, started);
  if (added == 0) {
    throw Error(Code::not_found, "run '" + run + "' has no step " + std::to_string(position)).with("run", run);
  }
  connection_.run("DELETE FROM run_steps WHERE run = ?1 AND position = ?2 AND attempt = 0", run, position);
}

bool RunStore::end_attempt(const std::string& run, const StepRow& end) {
  return connection_.run(
             "UPDATE run_steps SET state = ?4, finished = ?5, elapsed_ns = ?6, rows = ?7, bytes_copied = ?8, "
             "worker_pid = ?9,"
             " error = ?10, outputs = ?11, verdict = ?12 WHERE run = ?1 AND position = ?2 AND attempt = ?3",
             run, end.position, end.attempt, end.state, end.finished, end.elapsed_ns, end.rows, end.bytes_copied,
             end.worker_pid, end.error, end.outputs, end.verdict) == 1;
}

void RunStore::move_steps(const std::string& run, std::string_view from, std::string_view to, Time finished) {
  connection_.run(
      "UPDATE run_steps SET state = ?3, finished = CASE WHEN started IS NULL THEN finished ELSE ?4 END"
      " WHERE run = ?1 AND state = ?2",
      run, from, to, finished);
}

std::optional<RunRow> RunStore::find(const std::string& run) {
  return first_row(connection_.query(std::string(run_columns) + " WHERE id = ?1", run), read_run);
}

std::vector<RunRow> RunStore::list(const RunQuery& query) {
  std::string sql(run_columns);
  const char* word = " WHERE ";
  const auto where = [&](const std::string& value, const char* condition) {
    if (value.empty()) return;
    sql.append(word).append(condition);
    word = " AND ";
  };
  where(query.state, "state = ?");
  where(query.name, "name = ?");
  where(query.before, "id < ?");
  Statement rows = connection_.prepare(sql + " ORDER BY id DESC LIMIT ?");
  for (const std::string* value : {&query.state, &query.name, &query.before}) {
    if (!value->empty()) rows.bind(*value);
  }
  rows.bind(query.limit);
  return all_rows(std::move(rows), read_run);
}

std::vector<RunRow> RunStore::resumable() {
  Statement rows =
      connection_.query(std::string(run_columns) + " WHERE state = 'interrupted' AND resume = 'automatic' ORDER BY id");
  return all_rows(std::move(rows), read_run);
}

std::vector<RunRow> RunStore::open_runs_of(const std::string& schedule) {
  Statement rows = connection_.query(
      std::string(run_columns) +
          " WHERE schedule = ?1 AND due IS NOT NULL AND state IN ('queued', 'running', 'interrupted') ORDER BY id",
      schedule);
  return all_rows(std::move(rows), read_run);
}

std::vector<StepRow> RunStore::steps(const std::string& run) {
  Statement rows = connection_.query(
      "SELECT position, attempt, name, plugin, state, started, finished, elapsed_ns, rows, bytes_copied, worker_pid, "
      "error,"
      " outputs, round, verdict FROM run_steps WHERE run = ?1 ORDER BY position, attempt",
      run);
  return all_rows(std::move(rows), read_step);
}

std::vector<StepLogRow> RunStore::logs(const std::string& run, std::optional<std::uint32_t> position,
                                       std::uint64_t after, std::uint32_t limit) {
  after = std::min<std::uint64_t>(after, INT64_MAX);  // the column is signed
  Statement rows = position ? connection_.query(
                                  "SELECT number, position, level, time, message, fields FROM step_logs"
                                  " WHERE run = ?1 AND number > ?2 AND position = ?4 ORDER BY number LIMIT ?3",
                                  run, after, limit, *position)
                            : connection_.query(
                                  "SELECT number, position, level, time, message, fields FROM step_logs"
                                  " WHERE run = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
                                  run, after, limit);
  return all_rows(std::move(rows), read_log);
}

std::uint64_t RunStore::last_log_number(const std::string& run) {
  Statement row = connection_.query("SELECT COALESCE(MAX(number), 0) FROM step_logs WHERE run = ?1", run);
  return row.step() ? static_cast<std::uint64_t>(row.int64(0)) : 0;
}

}  // namespace mortise::store
