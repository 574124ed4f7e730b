#include "jobs/core/run_log_writer.h"

#include <limits>

#include "base/clock.h"
#include "base/error_object.h"
#include "base/ids.h"
#include "jobs/core/json_column.h"
#include "store/schedules.h"

namespace mortise::jobs {
namespace {

using store::Connection;
using store::Durability;
using store::RunStore;

Error cannot_become(const std::string& run, std::string_view from, std::string_view to) {
  return Error(Code::conflict, "run '" + run + "' is " + std::string(from) + "; it cannot become " + std::string(to),
               "look at the run's state first")
      .with("run", run)
      .with("got", std::string(from));
}

// Within a work: the row itself says from where it moves.
void move_run(RunStore& runs, const std::string& run, RunState to, std::optional<Time> started,
              std::optional<Time> finished, const std::string& error) {
  const auto row = runs.find(run);
  if (!row) throw Error(Code::not_found, "there is no run '" + run + "'").with("run", run);
  const auto from = run_state_named(row->state);
  const bool moved = from && may_move(*from, to) && runs.move(run, row->state, name_of(to), started, finished, error);
  if (!moved) throw cannot_become(run, row->state, name_of(to));
}

}  // namespace

RunLog::Writer::Writer(store::Database& database, const Log& log, Limits limits)
    : database_(database), log_(log), limits_(limits), owner_(Owner::this_process()) {}

void RunLog::Writer::adopt_orphans() {
  const auto mark = [](Connection& connection) {
    std::uint64_t count = 0;
    RunStore runs(connection);
    for (const RunState state : {RunState::queued, RunState::running}) {
      const auto open = runs.list({std::string(name_of(state)), {}, {}, std::numeric_limits<std::uint32_t>::max()});
      for (const store::RunRow& run : open) {
        if (Owner{run.owner_pid, run.owner_mark}.is_alive()) continue;
        const Error died(Code::internal, "the process that ran it (pid " + std::to_string(run.owner_pid) + ") died",
                         run.resume == "automatic" ? "the server goes on with it when it starts"
                                                   : "`mortise runs resume " + run.id + "` goes on with it");
        move_run(runs, run.id, RunState::interrupted, {}, now(), json_column(error_object(died)));
        runs.move_steps(run.id, "running", "interrupted", now());
        ++count;
      }
    }
    return count;
  };
  const std::uint64_t count = database_.write(Durability::full, mark).get();
  if (count > 0) log_.warning("runs of a dead process were marked as interrupted", {{"runs", count}});
}

std::string RunLog::Writer::begin(const NewRun& run) {
  store::RunRow row;
  row.id = run.id.empty() ? make_id("run") : run.id;
  row.kind = clean_text(run.kind);
  row.name = clean_text(run.name);
  row.source = clean_text(run.source);
  row.state = name_of(RunState::queued);
  row.created = now();
  row.owner_pid = owner_.pid;
  row.owner_mark = owner_.mark;
  row.resume = run.resume == Resume::automatic ? "automatic" : "by_hand";
  row.origin = run.origin;
  if (run.slot) {
    row.schedule = run.slot->schedule;
    row.due = run.slot->due;
  }
  std::vector<store::StepRow> steps(run.steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    steps[i].position = static_cast<std::uint32_t>(i);
    steps[i].name = clean_text(run.steps[i].first);
    steps[i].plugin = clean_text(run.steps[i].second);
    steps[i].state = "pending";
  }
  for (const ReusedStep& reused : run.reused) {
    store::StepRow& step = steps.at(reused.index);
    step.state = "succeeded";
    step.verdict = "reused";
    step.rows = reused.rows;
    step.outputs = json_column(reused.outputs);
    step.finished = row.created;
  }
  const auto add = [&](Connection& connection) {
    RunStore runs(connection);
    runs.add(row);
    for (const store::StepRow& step : steps) runs.add(row.id, step);
    store::CheckpointStore checkpoints(connection);
    if (!run.plan.empty()) checkpoints.add_plan(row.id, run.plan);
    for (const ReusedStep& reused : run.reused) checkpoints.set_output(row.id, reused.kept);
    if (run.slot) store::ScheduleStore(connection).fired(run.slot->schedule, run.slot->due, {run.slot->next, run.slot->event}, row.id);
  };
  database_.write(Durability::full, add).get();
  const std::lock_guard lock(mutex_);
  open_.emplace(row.id, Open{});
  return row.id;
}

void RunLog::Writer::started(const std::string& run) {
  {
    const std::lock_guard lock(mutex_);
    Open& open = open_run(run, name_of(RunState::running));
    if (!may_move(open.state, RunState::running))
      throw cannot_become(run, name_of(open.state), name_of(RunState::running));
    open.state = RunState::running;
  }
  post(Durability::normal, run, [run, at = now()](Connection& connection) {
    RunStore runs(connection);
    move_run(runs, run, RunState::running, at, {}, {});
  });
}

void RunLog::Writer::step_started(const std::string& run, std::uint32_t step, std::uint32_t attempt, Done done,
                                  Intent intent) {
  if (attempt == 0) throw Error(Code::invalid, "attempts of a step count from 1").with("run", run);
  {
    const std::lock_guard lock(mutex_);
    const Open& open = open_run(run, "running a step");
    if (open.state != RunState::running) {
      throw Error(Code::conflict,
                  "a step of run '" + run + "' cannot start while the run is " + std::string(name_of(open.state)))
          .with("run", run);
    }
  }
  const Durability durability = intent == Intent::on_disk ? Durability::full : Durability::normal;
  post(
      durability, run,
      [run, step, attempt, at = now()](Connection& connection) {
        RunStore(connection).begin_attempt(run, step, attempt, "running", at);
      },
      std::move(done));
}

void RunLog::Writer::step_log(const std::string& run, std::uint32_t step, std::string_view level,
                              std::string_view message, const Value& fields) {
  store::StepLogRow line;
  line.position = step;
  line.level = clean_text(level);
  line.time = now();
  const std::lock_guard lock(mutex_);  // until it is queued: the numbers rise in the order of the queue
  const auto found = open_.find(run);
  if (found == open_.end()) {
    return log_.debug("a log line came after the end of its run", {{"run", run}, {"step", step}, {"line", message}});
  }
  StepLines& lines = found->second.lines[step];
  if (lines.dropped > 0 || lines.kept >= limits_.log_lines_per_step ||
      lines.bytes + message.size() > limits_.log_bytes_per_step) {
    ++lines.dropped;
    return;
  }
  line.message = clean_text(message);
  line.fields = json_column(fields);
  const std::uint64_t bytes = line.message.size() + line.fields.size();
  if (lines.bytes + bytes > limits_.log_bytes_per_step) {
    ++lines.dropped;
    return;
  }
  ++lines.kept;
  lines.bytes += bytes;
  line.number = ++found->second.last_number;
  post_line(run, std::move(line));
}

void RunLog::Writer::tell_dropped(const std::string& run, Open& open, std::uint32_t step) {
  const auto found = open.lines.find(step);
  if (found == open.lines.end() || found->second.dropped == 0) return;
  store::StepLogRow line;
  line.number = ++open.last_number;
  line.position = step;
  line.level = "warning";
  line.time = now();
  const auto dropped = static_cast<std::int64_t>(std::exchange(found->second.dropped, 0));
  line.message = std::to_string(dropped) + " log lines of this step were dropped; it may keep " +
                 std::to_string(limits_.log_lines_per_step) + " lines and " +
                 std::to_string(limits_.log_bytes_per_step) + " bytes";
  line.fields = json_column(Value::map({{"dropped", dropped}}));
  post_line(run, std::move(line));
}

void RunLog::Writer::post_line(const std::string& run, store::StepLogRow line) {
  post(Durability::normal, run,
       [run, line = std::move(line)](Connection& connection) { RunStore(connection).add(run, line); });
}

void RunLog::Writer::step_ended(const std::string& run, const StepEnd& end) {
  if (!is_step_end(end.state)) {
    throw Error(Code::invalid, "a step cannot end as '" + end.state + "'",
                "it ends as succeeded, failed, skipped, cancelled or interrupted")
        .with("run", run);
  }
  store::StepRow row;
  row.position = end.index;
  row.attempt = end.attempt;
  row.state = end.state;
  row.finished = now();
  row.elapsed_ns = end.elapsed_ns;
  row.rows = end.rows;
  row.bytes_copied = end.bytes_copied;
  row.worker_pid = end.worker_pid;
  row.error = json_column(end.error);
  row.outputs = json_column(end.outputs);
  row.verdict = end.verdict;
  {
    const std::lock_guard lock(mutex_);
    tell_dropped(run, open_run(run, "ending a step"), end.index);
  }
  post(Durability::full, run, [run, row = std::move(row), kept = end.kept](Connection& connection) {
    if (kept) store::CheckpointStore(connection).set_output(run, *kept);
    if (RunStore(connection).end_attempt(run, row)) return;
    throw Error(Code::not_found, "run '" + run + "' has no attempt " + std::to_string(row.attempt) + " of step " +
                                     std::to_string(row.position))
        .with("run", run);
  });
}

void RunLog::Writer::finish(const std::string& run, const RunEnd& end, Done done) {
  const auto to = run_state_named(end.state);
  if (!to || !is_final(*to)) {
    throw Error(Code::invalid, "a run cannot finish as '" + end.state + "'",
                "it finishes as succeeded, failed, cancelled or interrupted")
        .with("run", run);
  }
  {
    const std::lock_guard lock(mutex_);
    Open& open = open_run(run, end.state);
    if (!may_move(open.state, *to)) throw cannot_become(run, name_of(open.state), end.state);
    for (const auto& [step, lines] : open.lines) tell_dropped(run, open, step);
  }
  const auto work = [run, to = *to, text = json_column(end.error), letters = end.letters,
                     at = now()](Connection& connection) {
    RunStore runs(connection);
    move_run(runs, run, to, {}, at, text);
    runs.move_steps(run, "running", "interrupted", at);
    if (to == RunState::interrupted) return;
    runs.move_steps(run, "pending", to == RunState::cancelled ? "cancelled" : "skipped", at);
    store::DeadLetterStore store(connection);
    (void)store.move_of_run(run, to == RunState::cancelled ? "open" : "resolved", 0, at);
    for (const store::DeadLetterRow& letter : letters) store.put(letter);
  };
  database_.post(Durability::full, work, [this, run, done = std::move(done)](const Error* error) {
    if (error == nullptr) {  // only now: a finish that could not be written can be tried again
      const std::lock_guard lock(mutex_);
      open_.erase(run);
    }
    if (done) done(error);
  });
}

void RunLog::Writer::take_up(const std::string& run, std::uint32_t rounds, const Rest& rest) {
  const auto work = [&](Connection& connection) {
    RunStore runs(connection);
    const auto row = runs.find(run);
    if (!row) throw Error(Code::not_found, "there is no run '" + run + "'").with("run", run);
    const auto from = run_state_named(row->state);
    const bool legal = from && is_final(*from) && may_move(*from, RunState::running);
    if (!legal ||
        !runs.adopt(run, row->state, name_of(RunState::running), row->round + rounds, owner_.pid, owner_.mark))
      throw cannot_become(run, row->state, name_of(RunState::running));
    rest(connection);
    return runs.last_log_number(run);
  };
  Open open;
  open.state = RunState::running;
  open.last_number = database_.write(Durability::full, work).get();
  const std::lock_guard lock(mutex_);
  open_.insert_or_assign(run, std::move(open));
}

void RunLog::Writer::resumed(const std::string& run) {
  take_up(run, 0, [&](Connection& connection) {
    if (RunStore(connection).find(run)->started) return;
    (void)RunStore(connection).move(run, "running", "running", now(), {}, {});
  });
}

void RunLog::Writer::retried(const std::string& run, const std::vector<std::uint32_t>& steps) {
  take_up(run, 1, [&](Connection& connection) {
    RunStore runs(connection);
    runs.ask_to_stop(run, {});
    for (const std::uint32_t step : steps) runs.reopen_step(run, step);
    (void)store::DeadLetterStore(connection).move_of_run(run, "driven", 1, now());
  });
}

void RunLog::Writer::asked_to_stop(const std::string& run, std::string_view reason) {
  const std::string text = reason.empty() ? std::string("cancelled") : clean_text(reason);
  const auto work = [&](Connection& connection) {
    RunStore runs(connection);
    const auto row = runs.find(run);
    if (!row) throw Error(Code::not_found, "there is no run '" + run + "'").with("run", run);
    runs.ask_to_stop(run, text);
    if (row->state != name_of(RunState::interrupted)) return;
    const Error error(Code::cancelled, "the run was cancelled: " + text);
    move_run(runs, run, RunState::cancelled, {}, now(), json_column(error_object(error)));
    runs.move_steps(run, "pending", "cancelled", now());
  };
  database_.write(Durability::full, work).get();
}

RunLog::Writer::Open& RunLog::Writer::open_run(const std::string& run, std::string_view wanted) {
  const auto found = open_.find(run);
  if (found != open_.end()) return found->second;
  const auto row = database_.read([&](Connection& connection) { return RunStore(connection).find(run); });
  if (!row) throw Error(Code::not_found, "there is no run '" + run + "'").with("run", run);
  throw cannot_become(run, row->state, wanted);
}

void RunLog::Writer::post(Durability durability, const std::string& run, store::Database::Work work, Done done) {
  database_.post(durability, std::move(work), [this, run, done = std::move(done)](const Error* error) {
    settled(run, error);
    if (done) done(error);
  });
}

void RunLog::Writer::settled(const std::string& run, const Error* error) {
  if (error == nullptr) {
    if (failing_.exchange(false)) log_.info("the run log is written again");
  } else if (!failing_.exchange(true)) {
    log_.failure("the run log cannot be written", *error, {{"run", run}});
  }
}

}  // namespace mortise::jobs
