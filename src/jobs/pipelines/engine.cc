#include "jobs/pipelines/engine.h"

#include "jobs/core/run_log.h"
#include "jobs/pipelines/restore.h"
#include "jobs/pipelines/step_check.h"
#include "jobs/pipelines/step_host.h"
#include "runtime/runtime.h"

namespace mortise::jobs {

Pipelines::Engine::Engine(Parts parts)
    : parts_(std::move(parts)),
      recorder_(parts_.log, parts_.run_log, parts_.events, parts_.checkpoints, parts_.resume),
      pool_(parts_.max_concurrency) {}

void Pipelines::Engine::refuse_when_draining() const {
  if (draining_) throw Error(Code::busy, "the server is shutting down", "start the run again afterwards");
}

// The run is in the list before the log has it: who hears of it finds it, and a drain that begins meanwhile sees it.
Pipelines::Handle Pipelines::Engine::start(RunRequest request) {
  for (const std::string& secret : request.pipeline.secrets) recorder_.hide(secret);
  auto run = std::make_shared<Run>(std::move(request));
  run->id = Recorder::new_id();
  {
    const std::lock_guard lock(mutex_);
    refuse_when_draining();
    running_.emplace(run->id, run);
  }
  try {
    recorder_.begin(*run, {});
  } catch (...) {
    retire(run);
    throw;
  }
  pool_.post([this, run] { begin(run); });
  return run;
}

RunResult Pipelines::Engine::wait(const Handle& run) {
  std::unique_lock lock(run->mutex);
  run->ended.wait(lock, [&] { return run->result.has_value(); });
  return *run->result;
}

Pipelines::Handle Pipelines::Engine::find(const std::string& run_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(run_id);
  return found == running_.end() ? nullptr : found->second;
}

void Pipelines::Engine::cancel(const std::string& run_id, const std::string& reason) {
  const Handle run = find(run_id);
  const auto record = run == nullptr ? parts_.run_log.find(run_id) : std::nullopt;
  if (run == nullptr && !(record && record->state == "interrupted")) {
    throw Error(Code::not_found, "no run '" + run_id + "' is in progress", "`mortise runs list` shows what runs")
        .with("run", run_id);
  }
  try {
    parts_.run_log.asked_to_stop(run_id, recorder_.clean(Value(reason)).as_string());
  } catch (const Error& error) {  // a full disk does not keep a run from being stopped; it may come back after a crash
    if (run == nullptr) throw;
    parts_.log.failure("a cancel could not be recorded", error, {{"run", run_id}});
  }
  if (run != nullptr) cancel(run, reason);
}

std::vector<Finding> Pipelines::Engine::validate(const Pipeline& pipeline, const std::string& folder) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < pipeline.steps.size(); ++i) {
    try {
      (void)check_step(pipeline.steps[i], folder, parts_, runtime::Call{});
    } catch (...) {
      findings.push_back({i, recorder_.clean(step_failure(pipeline, i, caught_error()))});
    }
  }
  return findings;
}

void Pipelines::Engine::cancel(const Handle& run, const std::string& reason) {
  run->cancel.cancel(reason);
  proceed(run);
}

// ---- phase 1: check everything before anything runs ------------------------------------------------------------------

void Pipelines::Engine::begin(const Handle& run) {
  recorder_.started(*run);
  bool sound = true;
  for (std::size_t i = 0; i < run->steps.size() && !run->cancel.cancelled(); ++i) {
    if (run->steps[i].settled()) continue;  // of a run that was taken up again
    try {
      runtime::Call call;
      call.cancel = run->cancel;
      call.host = std::make_shared<StepHost>(run, i, recorder_, parts_.services);
      call.memory = run->memory;
      CheckedStep checked = check_step(run->request.pipeline.steps[i], run->request.folder, parts_, std::move(call));
      for (const std::string& secret : checked.descriptor->config.secrets_in(checked.config)) recorder_.hide(secret);
      const std::lock_guard lock(run->mutex);
      run->steps[i].descriptor = std::move(checked.descriptor);
      run->steps[i].style = checked.style;
      run->steps[i].config = std::move(checked.config);
    } catch (...) {
      if (run->cancel.cancelled()) break;
      refuse(run, i, caught_error());
      sound = false;
    }
  }
  {
    const std::lock_guard lock(run->mutex);
    if (!sound) {
      for (std::size_t i = 0; i < run->steps.size(); ++i) {
        if (run->steps[i].settled()) continue;
        run->steps[i].phase = StepPhase::skipped;
        recorder_.step_ended(*run, i, run->steps[i], Value());
      }
    } else if (!run->cancel.cancelled()) {
      judge_lost(run);
    }
    run->checked = true;
  }
  proceed(run);
}

// Locked by the caller. Steps that were interrupted run again, or fail where the pipeline says so, or when it was too often.
void Pipelines::Engine::judge_lost(const Handle& run) {
  for (std::size_t i = 0; i < run->steps.size(); ++i) {
    StepState& state = run->steps[i];
    if (!state.lost || state.settled()) continue;
    const bool rerun = run->request.pipeline.steps[i].on_interrupt == OnInterrupt::rerun;
    if (rerun && state.interruptions < most_interruptions) continue;
    const std::string often = rerun ? ", " + std::to_string(state.interruptions) + " times" : std::string();
    fail(*run, i,
         Error(Code::internal, "the host died while it ran" + often + "; whether its effects took place is not known",
               "look at its effects, then `mortise runs retry " + run->id + "`"));
    recorder_.step_ended(*run, i, state, Value());
  }
}

void Pipelines::Engine::refuse(const Handle& run, std::size_t step, const Error& error) {
  const std::lock_guard lock(run->mutex);
  StepState& state = run->steps[step];
  state.phase = StepPhase::failed;
  state.error = recorder_.clean(step_failure(run->request.pipeline, step, error));
  if (!run->first_error) run->first_error = state.error;
  recorder_.step_ended(*run, step, state, Value());
}

// ---- phase 2: whatever can go, goes ----------------------------------------------------------------------------------

// Called after every change. Several threads may be here at once for one run; the lock makes it one after the other.
void Pipelines::Engine::proceed(const Handle& run) {
  const std::lock_guard lock(run->mutex);
  if (!run->checked || run->concluded) return;
  for (bool changed = true; changed;) {  // a step that is skipped may free the next
    changed = false;
    for (std::size_t i = 0; i < run->steps.size(); ++i) {
      const StepPhase phase = run->steps[i].phase;
      const bool idle = phase == StepPhase::pending || phase == StepPhase::retrying;
      if (idle && decide(run, i)) changed = true;
    }
  }
  for (const StepState& state : run->steps) {
    if (!state.settled()) return;
  }
  conclude(run);
}

// True when the step, which is pending or between two attempts, changed its phase.
bool Pipelines::Engine::decide(const Handle& run, std::size_t step) {
  StepState& state = run->steps[step];
  std::optional<Error> error;
  switch (verdict(*run, step, error)) {
    case Verdict::wait: return false;
    case Verdict::go:
      state.phase = StepPhase::running;
      pool_.post([this, run, step] { attempt(run, step); });
      return true;
    case Verdict::skip: state.phase = StepPhase::skipped; break;
    case Verdict::cancel:
      state.phase = StepPhase::cancelled;
      if (run->suspended) return true;  // it stays as it is for whoever goes on with the run
      break;
    case Verdict::fail: fail(*run, step, *error); break;
  }
  recorder_.step_ended(*run, step, state, Value());
  return true;
}

Pipelines::Engine::Verdict Pipelines::Engine::verdict(const Run& run, std::size_t step, std::optional<Error>& error) {
  const Step& wanted = run.request.pipeline.steps[step];
  if (run.cancel.cancelled()) return Verdict::cancel;
  if (run.steps[step].phase == StepPhase::retrying) return Verdict::wait;
  for (const std::size_t need : wanted.needs) {
    if (!run.steps[need].settled()) return Verdict::wait;
  }
  if (run.stopping && !(wanted.when && wanted.when->asks_about_failure())) return Verdict::skip;
  if (!wanted.when) return Verdict::go;
  try {
    return wanted.when->holds(run.scope(step)) ? Verdict::go : Verdict::skip;
  } catch (const Error& caught) {
    error = caught;
    return Verdict::fail;
  }
}

// Locked by the caller.
void Pipelines::Engine::fail(Run& run, std::size_t step, const Error& cause) {
  StepState& state = run.steps[step];
  const Step& failed = run.request.pipeline.steps[step];
  state.phase = StepPhase::failed;
  state.error = recorder_.clean(step_failure(run.request.pipeline, step, cause));
  state.tolerated = failed.on_failure.value_or(state.descriptor->on_failure) == plugin::FailurePolicy::report;
  if (state.tolerated) return;
  run.stopping = true;
  if (!run.first_error) run.first_error = state.error;
}

}  // namespace mortise::jobs
