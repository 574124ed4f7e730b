// Run: one run of a pipeline, from the request to the result. Internal to this room.
//
// `mutex` guards everything below it. Steps of one run work on several threads at once; they touch the run only to read the
// context, to report, and to settle.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "jobs/pipelines/pipelines.h"
#include "jobs/pipelines/step_call.h"
#include "plugin/registry.h"
#include "runtime/arena.h"

namespace mortise::jobs {

enum class StepPhase {
  pending,
  running,
  retrying,
  succeeded,
  failed,
  skipped,
  cancelled
};  // retrying: between attempts
[[nodiscard]] std::string_view name_of(StepPhase phase) noexcept;

struct StepState {
  StepPhase phase = StepPhase::pending;
  bool tolerated = false;  // failed, and the run goes on
  bool lost = false;       // pending after an attempt that nobody knows the end of
  plugin::Registry::Entry descriptor;
  StepStyle style = StepStyle::step;
  Value config;                     // validated
  std::uint32_t attempts = 0;       // in all, also of earlier rounds and processes
  std::uint32_t open_attempt = 0;   // whose row the next end is written to; 0: that of a step without an attempt
  std::uint32_t failures = 0;       // attempts of this round that failed: what `retry` counts
  std::uint32_t interruptions = 0;  // attempts of this round that nobody knows the end of
  std::int64_t rows = -1;
  std::int64_t worker_pid = 0;
  std::uint64_t bytes_copied = 0;
  std::chrono::nanoseconds elapsed{};
  std::optional<Error> error;

  [[nodiscard]] bool settled() const noexcept {
    return phase != StepPhase::pending && phase != StepPhase::running && phase != StepPhase::retrying;
  }
};

class Pipelines::Run {
 public:
  explicit Run(RunRequest wanted)
      : request(std::move(wanted)), steps(request.pipeline.steps.size()), context(request.context) {}

  const RunRequest request;
  std::string id;
  runtime::CancelToken cancel = runtime::CancelToken::make();
  const std::shared_ptr<runtime::RunMemory> memory = runtime::RunMemory::make();

  std::mutex mutex;
  std::condition_variable ended;
  std::vector<StepState> steps;
  Value context = Value::map();
  bool checked = false;    // phase 1 is over
  bool stopping = false;   // a step failed: only steps that ask about failure are started
  bool taken_up = false;   // it began before, perhaps in another process
  bool suspended = false;  // the host ends: what does not end now is interrupted
  bool concluded = false;  // its end is being written
  std::optional<Error> first_error;
  std::optional<RunResult> result;

  // The entry, or nothing. Locks.
  [[nodiscard]] std::optional<Value> context_entry(std::string_view key);
  // The context key that a step reads when its configuration names none: of the nearest step before it, along single
  // needs, that left something. Locked by the caller.
  [[nodiscard]] std::string default_input(std::size_t step) const;
  // What a condition sees. Locked by the caller, also while the scope is used.
  [[nodiscard]] Condition::Scope scope(std::size_t step) const;
  // Every step, as reported to the outside. Locked by the caller.
  [[nodiscard]] std::vector<StepReport> reports() const;
};

// "step 2 (Filter) failed: <cause>", with step and plugin as details.
[[nodiscard]] Error step_failure(const Pipeline& pipeline, std::size_t step, const Error& cause);

// The exception being handled, as an Error.
[[nodiscard]] Error caught_error();

}  // namespace mortise::jobs
