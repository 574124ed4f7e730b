// The end of a run, and of all runs.
#include <malloc.h>

#include <utility>

#include "base/clock.h"
#include "jobs/core/checkpoints.h"
#include "jobs/core/dead_letters.h"
#include "jobs/pipelines/dead_input.h"
#include "jobs/pipelines/engine.h"

namespace mortise::jobs {
namespace {

constexpr std::chrono::milliseconds trim_after(500);

// A run that the host's end stopped, as opposed to one that ended just before.
bool was_interrupted(const Pipelines::Run& run) {
  if (!run.suspended) return false;
  for (const StepState& state : run.steps) {
    if (state.phase == StepPhase::cancelled) return true;
  }
  return false;
}

}  // namespace

// Locked by the caller. Nobody hears of the outcome before it is written.
void Pipelines::Engine::conclude(const Handle& run) {
  run->concluded = true;
  RunResult result;
  result.run_id = run->id;
  result.steps = run->reports();
  result.context = recorder_.clean(run->context);
  result.finished = now();
  std::vector<store::DeadLetterRow> letters;
  if (was_interrupted(*run)) {
    result.state = "interrupted";
    result.error = Error(Code::cancelled, "the run was interrupted: " + run->cancel.reason(),
                         parts_.resume == Resume::automatic ? "the server goes on with it when it starts again"
                                                            : "`mortise runs resume " + run->id + "` goes on with it");
  } else if (run->first_error) {
    result.state = "failed";
    result.error = run->first_error;
    letters = letters_of(*run, recorder_);
  } else if (run->cancel.cancelled()) {
    result.state = "cancelled";
    result.error = Error(Code::cancelled, "the run was cancelled: " + run->cancel.reason());
  } else {
    result.state = "succeeded";
    result.success = true;
  }
  recorder_.finish(*run, result, std::move(letters),
                   [this, run, result](const Error*) { pool_.post([this, run, result] { announce(run, result); }); });
}

void Pipelines::Engine::announce(const Handle& run, RunResult result) {
  recorder_.ended(*run, result);
  if (parts_.ended) parts_.ended(run->request, result);
  {
    const std::lock_guard lock(run->mutex);
    run->context = Value::map();
    run->result = std::move(result);
    run->ended.notify_all();
  }
  retire(run);
}

void Pipelines::Engine::retire(const Handle& run) {
  const std::lock_guard lock(mutex_);
  running_.erase(run->id);
  if (!running_.empty()) return;
  idle_.notify_all();
  if (std::exchange(trim_planned_, true)) return;
  pool_.post_at(TaskPool::Clock::now() + trim_after, [this] { trim(); });
}

// Contexts are large and gone, and whoever waited for the outcome has let go of it by now: the C library would keep their pages.
void Pipelines::Engine::trim() {
  {
    const std::lock_guard lock(mutex_);
    trim_planned_ = false;
    if (!running_.empty()) return;  // the end of those plans anew
  }
  ::malloc_trim(0);
}

void Pipelines::Engine::drain(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  draining_ = true;
  if (idle_.wait_for(lock, patience, [&] { return running_.empty(); })) return;
  const std::map<std::string, Handle> rest = running_;
  lock.unlock();
  for (const auto& [id, run] : rest) {
    if (parts_.resume == Resume::automatic && !run->cancel.cancelled()) {
      const std::lock_guard run_lock(run->mutex);
      run->suspended = true;
    }
    cancel(run, "the server is shutting down");
  }
  lock.lock();
  idle_.wait(lock, [&] { return running_.empty(); });  // bounded: a cancelled call ends within its grace
}

}  // namespace mortise::jobs
