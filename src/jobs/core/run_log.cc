#include "jobs/core/run_log.h"

#include <future>

#include "jobs/core/json_column.h"
#include "jobs/core/run_log_writer.h"

namespace mortise::jobs {
namespace {

using store::Connection;
using store::RunStore;

RunRecord record_of(const store::RunRow& row) {
  RunRecord run;
  run.id = row.id;
  run.kind = row.kind;
  run.name = row.name;
  run.source = row.source;
  run.state = row.state;
  run.created = row.created;
  run.started = row.started;
  run.finished = row.finished;
  run.error = read_json_column(row.error);
  run.owner_pid = row.owner_pid;
  run.round = row.round;
  run.resume = row.resume == "automatic" ? Resume::automatic : Resume::by_hand;
  run.origin = row.origin;
  run.schedule = row.schedule;
  run.due = row.due;
  run.cancel_reason = row.cancel_reason;
  return run;
}

StepRecord record_of(const store::StepRow& row) {
  StepRecord step;
  step.index = row.position;
  step.name = row.name;
  step.plugin = row.plugin;
  step.state = row.state;
  step.attempt = row.attempt;
  step.started = row.started;
  step.finished = row.finished;
  step.elapsed_ns = row.elapsed_ns;
  step.rows = row.rows;
  step.bytes_copied = row.bytes_copied;
  step.worker_pid = row.worker_pid;
  step.error = read_json_column(row.error);
  step.outputs = read_json_column(row.outputs);
  step.round = row.round;
  step.verdict = row.verdict;
  return step;
}

LogRecord record_of(const store::StepLogRow& row) {
  return {row.number, row.position, row.level, row.time, row.message, read_json_column(row.fields)};
}

template <typename Rows>
auto records_of(const Rows& rows) {
  std::vector<decltype(record_of(rows.front()))> records;
  records.reserve(rows.size());
  for (const auto& row : rows) records.push_back(record_of(row));
  return records;
}

}  // namespace

RunLog::RunLog(store::Database& database, const Log& log, Limits limits)
    : writer_(std::make_unique<Writer>(database, log, limits)) {
  writer_->adopt_orphans();
}

RunLog::~RunLog() = default;

std::string RunLog::begin(const NewRun& run) { return writer_->begin(run); }
void RunLog::started(const std::string& run) { writer_->started(run); }
void RunLog::step_started(const std::string& run, std::uint32_t step, std::uint32_t attempt, Done done, Intent intent) {
  writer_->step_started(run, step, attempt, std::move(done), intent);
}
void RunLog::step_log(const std::string& run, std::uint32_t step, std::string_view level, std::string_view message,
                      const Value& fields) {
  writer_->step_log(run, step, level, message, fields);
}
void RunLog::step_ended(const std::string& run, const StepEnd& end) { writer_->step_ended(run, end); }
void RunLog::finish(const std::string& run, const RunEnd& end, Done done) {
  writer_->finish(run, end, std::move(done));
}
void RunLog::finish(const std::string& run, std::string_view state, const Value& error) {
  const auto written = std::make_shared<std::promise<void>>();
  writer_->finish(run, {.state = std::string(state), .error = error}, [written](const Error* failure) {
    if (failure == nullptr) return written->set_value();
    written->set_exception(std::make_exception_ptr(*failure));
  });
  written->get_future().get();
}
void RunLog::resumed(const std::string& run) { writer_->resumed(run); }
void RunLog::retried(const std::string& run, const std::vector<std::uint32_t>& steps) { writer_->retried(run, steps); }
void RunLog::asked_to_stop(const std::string& run, std::string_view reason) { writer_->asked_to_stop(run, reason); }

// Questions wait for the writes that were queued before them, so that one sees what oneself has told.
template <typename Question>
auto RunLog::ask(Question question) const {
  writer_->database().flush();
  return writer_->database().read([&](Connection& connection) {
    RunStore runs(connection);
    return question(runs);
  });
}

std::vector<RunRecord> RunLog::list(const Filter& filter) const {
  if (!filter.state.empty() && !run_state_named(filter.state)) {
    throw Error(Code::invalid, "'" + filter.state + "' is no state of a run",
                "states are queued, running, succeeded, failed, cancelled, interrupted")
        .with("expected", "queued, running, succeeded, failed, cancelled or interrupted")
        .with("got", filter.state);
  }
  return records_of(ask([&](RunStore& runs) {
    return runs.list({filter.state, filter.name, filter.before, filter.limit});
  }));
}

std::optional<RunRecord> RunLog::find(const std::string& run) const {
  const auto row = ask([&](RunStore& runs) { return runs.find(run); });
  return row ? std::optional(record_of(*row)) : std::nullopt;
}

std::vector<StepRecord> RunLog::steps(const std::string& run) const {
  return records_of(ask([&](RunStore& runs) { return runs.steps(run); }));
}

std::vector<RunRecord> RunLog::resumable() const {
  return records_of(ask([](RunStore& runs) { return runs.resumable(); }));
}

std::vector<LogRecord> RunLog::logs(const std::string& run, std::int64_t step, std::uint64_t after,
                                    std::uint32_t limit) const {
  const auto position = step < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(step));
  return records_of(ask([&](RunStore& runs) { return runs.logs(run, position, after, limit); }));
}

}  // namespace mortise::jobs
