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
  Recorder(Log& log, RunLog& run_log, EventHub& events, const Checkpoints& checkpoints, Resume resume)
      : log_(log), run_log_(run_log), events_(events), checkpoints_(checkpoints), resume_(resume) {}

  [[nodiscard]] static std::string new_id();
  // Throws Error when the run cannot be recorded at all: then it does not start.
  void begin(const Pipelines::Run& run, std::vector<ReusedStep> reused);
  void started(const Pipelines::Run& run);
  // `done` is called in any case, as RunLog says; with what went wrong when the intent could not be written.
  void step_started(const Pipelines::Run& run, std::size_t step, std::uint32_t attempt, RunLog::Intent intent,
                    const RunLog::Done& done);
  void step_progress(const Pipelines::Run& run, std::size_t step, double fraction, std::string_view note);
  void step_log(const Pipelines::Run& run, std::size_t step, runtime::LogLevel level, std::string_view message,
                const Value& fields);
  void step_retrying(const Pipelines::Run& run, std::size_t step, std::uint32_t attempt, const Error& error,
                     std::chrono::milliseconds delay);
  // One attempt, or the step without one (skipped, cancelled).
  void step_ended(const Pipelines::Run& run, std::size_t step, const StepState& state, const Value& outputs,
                  const std::optional<store::OutputRow>& kept = {});
  void context_seen(const Pipelines::Run& run, std::size_t step, const Value& context);
  // `done` is called in any case.
  void finish(const Pipelines::Run& run, const RunResult& result, std::vector<store::DeadLetterRow> letters,
              const RunLog::Done& done);
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
  const Checkpoints& checkpoints_;
  const Resume resume_;
  std::atomic<bool> complained_ = false;
};

}  // namespace mortise::jobs
