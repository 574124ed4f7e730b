// Runs that began earlier: interrupted ones go on, failed ones are taken up again, ended ones are repeated.
#include "base/error_object.h"
#include "jobs/core/checkpoints.h"
#include "jobs/core/dead_letters.h"
#include "jobs/core/run_log.h"
#include "jobs/pipelines/engine.h"
#include "jobs/pipelines/restore.h"

namespace mortise::jobs {

RunRecord Pipelines::Engine::known(const std::string& run_id) const {
  if (auto record = parts_.run_log.find(run_id)) return std::move(*record);
  throw Error(Code::not_found, "there is no run '" + run_id + "'", "`mortise runs list` shows those that are known")
      .with("run", run_id);
}

Pipelines::Handle Pipelines::Engine::resume(const std::string& run_id) {
  const RunRecord record = known(run_id);
  if (record.state != "interrupted") {
    throw Error(Code::conflict, "run '" + run_id + "' is " + record.state + ", not interrupted",
                "`mortise runs retry` takes up a run that failed or was cancelled; `mortise runs rerun` repeats one")
        .with("run", run_id)
        .with("got", record.state);
  }
  return take_up(record, Again::resume);
}

Pipelines::Handle Pipelines::Engine::retry(const std::string& run_id) {
  const RunRecord record = known(run_id);
  if (record.state != "failed" && record.state != "cancelled" && record.state != "interrupted") {
    throw Error(Code::conflict, "run '" + run_id + "' is " + record.state + "; there is nothing of it to try again",
                record.state == "succeeded" ? "`mortise runs rerun` repeats it" : "wait for its end, or cancel it")
        .with("run", run_id)
        .with("got", record.state);
  }
  return take_up(record, Again::retry);
}

Pipelines::Handle Pipelines::Engine::take_up(const RunRecord& record, Again again) {
  RunRequest request = request_of_plan(parts_.checkpoints.plan(record.id), parts_.environment);
  if (record.due) request.slot = ScheduleSlot{record.schedule, *record.due, {}};
  auto run = std::make_shared<Run>(std::move(request));
  for (const std::string& secret : run->request.pipeline.secrets) recorder_.hide(secret);
  run->id = record.id;
  run->taken_up = true;
  restore(*run, record, parts_.run_log.steps(record.id), parts_.checkpoints);
  const std::vector<std::uint32_t> again_pending = again == Again::retry ? reopen(*run) : std::vector<std::uint32_t>();
  {
    const std::lock_guard lock(mutex_);
    refuse_when_draining();
    if (!running_.emplace(run->id, run).second) {
      throw Error(Code::conflict, "run '" + run->id + "' is in progress").with("run", run->id);
    }
  }
  try {
    again == Again::retry ? parts_.run_log.retried(run->id, again_pending) : parts_.run_log.resumed(run->id);
  } catch (...) {
    retire(run);
    throw;
  }
  pool_.post([this, run] { begin(run); });
  return run;
}

std::size_t Pipelines::Engine::resume_all() {
  std::size_t count = 0;
  for (const RunRecord& record : parts_.run_log.resumable()) {
    try {
      if (!record.cancel_reason.empty()) {
        parts_.run_log.asked_to_stop(record.id, record.cancel_reason);
      } else {
        (void)take_up(record, Again::resume);
        ++count;
      }
    } catch (...) {
      give_up(record.id, recorder_.clean(caught_error()));
    }
  }
  if (count > 0) parts_.log.info("runs that were interrupted go on", {{"runs", count}});
  return count;
}

// It is told as a failure, with its letter: nothing that was begun disappears.
void Pipelines::Engine::give_up(const std::string& run_id, const Error& error) {
  try {
    const RunRecord record = known(run_id);
    Error failure(error.code(), "the run cannot be gone on with: " + error.describe(), error.hint());
    failure.because(error);
    parts_.run_log.resumed(run_id);
    RunEnd end;
    end.state = "failed";
    end.error = error_object(failure);
    end.letters.push_back(letter_row({.run = run_id, .pipeline = record.name}, failure));
    parts_.run_log.finish(run_id, end, {});
    parts_.log.failure("an interrupted run cannot be gone on with", error, {{"run", run_id}});
  } catch (...) {
    parts_.log.failure("an interrupted run could not be looked at", caught_error(), {{"run", run_id}});
  }
}

Pipelines::Handle Pipelines::Engine::rerun(const std::string& run_id, const std::string& from) {
  const RunRecord record = known(run_id);
  if (!record.finished && record.state != "interrupted") {
    throw Error(Code::conflict, "run '" + run_id + "' is " + record.state + "; it can be repeated when it has ended")
        .with("run", run_id)
        .with("got", record.state);
  }
  RunRequest request = request_of_plan(parts_.checkpoints.plan(run_id), parts_.environment);
  request.origin = run_id;
  for (const std::string& secret : request.pipeline.secrets) recorder_.hide(secret);
  auto run = std::make_shared<Run>(std::move(request));
  run->id = Recorder::new_id();
  run->taken_up = false;
  std::vector<ReusedStep> reused;
  if (!from.empty()) reused = reuse(*run, record, from, parts_.run_log.steps(run_id), parts_.checkpoints);
  {
    const std::lock_guard lock(mutex_);
    refuse_when_draining();
    running_.emplace(run->id, run);
  }
  try {
    recorder_.begin(*run, std::move(reused));
  } catch (...) {
    retire(run);
    throw;
  }
  pool_.post([this, run] { begin(run); });
  return run;
}

}  // namespace mortise::jobs
