// Recorder: writes what happens in one run, cleaned of secrets, to the run log (durable), to the event hub (live) and, at
// debug, to the host's log. Internal to this room. Thread-safe; never throws: a full disk must not fail a run that works, it is
// logged once.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "base/log.h"
#include "jobs/pipelines/run.h"
#include "runtime/call.h"

namespace mortise::jobs {

class Recorder {
 public:
  Recorder(Log& log, RunLog& run_log, EventHub& events) : log_(log), run_log_(run_log), events_(events) {}

  // Gives the run its id. Throws Error when the run cannot be recorded at all: then it does not start.
  [[nodiscard]] std::string begin(const RunRequest& request);
  void started(const Pipelines::Run& run);
  void step_started(const Pipelines::Run& run, std::size_t step, std::uint32_t attempt);
  void step_progress(const Pipelines::Run& run, std::size_t step, double fraction, std::string_view note);
  void step_log(const Pipelines::Run& run, std::size_t step, runtime::LogLevel level, std::string_view message,
                const Value& fields);
  void step_retrying(const Pipelines::Run& run, std::size_t step, std::uint32_t attempt, const Error& error,
                     std::chrono::milliseconds delay);
  // One attempt, or the step without one (skipped, cancelled).
  void step_ended(const Pipelines::Run& run, std::size_t step, const StepState& state, const Value& outputs);
  void context_seen(const Pipelines::Run& run, std::size_t step, const Value& context);
  void ended(const Pipelines::Run& run, const RunResult& result);

  [[nodiscard]] Value clean(const Value& value) const;
  [[nodiscard]] Error clean(const Error& error) const;
  void hide(std::string_view secret) const;

 private:
  template <typename Action>
  void guarded(const Pipelines::Run& run, Action action);

  Log& log_;
  RunLog& run_log_;
  EventHub& events_;
  std::atomic<bool> complained_ = false;
};

}  // namespace mortise::jobs
