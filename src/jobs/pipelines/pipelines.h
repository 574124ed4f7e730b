// Pipelines: runs pipelines of steps, each an operation of a plugin.
//
// A run goes through three phases. Every step is resolved and its configuration validated, by schema and by the plugin
// itself, before any step runs. Then steps run as soon as what they need is done, at most `max_concurrency` at once in the
// whole host, each under its own deadline, again after a failure that may pass (retry). Outputs land in the run's context,
// where later steps find them. At the end the run's outcome is recorded once; the context lives as long as somebody holds
// the run.
//
// Everything observable goes to the run log (durable) and to the event hub (live). Thread-safe.
//
// Runs survive the death of the process. An attempt is written down before its plugin is called, and its result together
// with its outputs before any later step's attempt; so whatever is found afterwards is one of three things: finished (its
// result and outputs are there, it is not run again), not begun, or interrupted in an attempt (OnInterrupt says what then).
// A run that is taken up again uses the text of its pipeline as it was, and the environment as it is now.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/core/run_log.h"
#include "jobs/pipelines/pipeline.h"
#include "mortise/value.hpp"
#include "runtime/call.h"

namespace mortise {
class Log;
namespace plugin {
class Registry;
class Services;
}  // namespace plugin
namespace runtime {
class Runtime;
}
}  // namespace mortise

namespace mortise::jobs {

class EventHub;
class Checkpoints;

// Looks up an environment variable; nullopt when it is not set. Every value found becomes a secret of the pipeline, but for
// ${PIPELINE_DIR}, which the reader answers itself: the folder of the file.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string&)>;

// Reads a pipeline file (.yaml, .yml, .json). From a list: `name` when given, else the first with `enabled: true`, else the first.
// Throws Error{invalid, not_found} with details file, line, step, key, expected, got.
[[nodiscard]] Pipeline read_pipeline_file(const std::string& path, const std::string& name, const EnvironmentLookup&);
// The same from text; `origin` is the name used in messages, `json` says which of the two languages it is.
[[nodiscard]] Pipeline parse_pipeline(std::string_view text, const std::string& origin, PipelineSyntax,
                                      const std::string& name, const EnvironmentLookup&);
// All pipelines of a file, in order, for listing.
[[nodiscard]] std::vector<Pipeline> read_pipeline_list(const std::string& path, const EnvironmentLookup&);

// Whether ${NAME} in a pipeline is answered when it is read again.
enum class EnvironmentAccess { hidden, visible };

struct RunRequest {
  Pipeline pipeline;
  std::string folder;            // absolute; relative `path` parameters start here
  Value context = Value::map();  // entries that are there from the start
  bool trace = false;            // record the context's keys and kinds after each step
  EnvironmentAccess environment = EnvironmentAccess::visible;
  std::optional<ScheduleSlot> slot = {};  // of the schedule that starts it
  std::string origin = {};                // the run that it repeats
};

// What became of one step.
struct StepReport {
  std::string name, plugin, outcome;  // outcome: pending, running, succeeded, failed, skipped, cancelled
  std::uint32_t attempts = 0;
  std::int64_t rows = -1;  // -1: the step did not say
  std::int64_t worker_pid = 0;
  std::chrono::nanoseconds elapsed{};
  std::optional<Error> error;
};

struct RunResult {
  std::string run_id;
  bool success = false;
  std::string state;  // succeeded, failed, cancelled, interrupted (the host ends; it can be taken up again)
  std::optional<Error> error;
  Value context;  // a map
  Time finished;
  std::vector<StepReport> steps;
};

// One problem that validation found.
struct Finding {
  std::size_t step = 0;
  Error error;
};

class Pipelines {
 public:
  struct Parts {
    Log& log;
    plugin::Registry& registry;
    plugin::Services& services;
    runtime::Runtime& runtime;
    RunLog& run_log;
    EventHub& events;
    const Checkpoints& checkpoints;
    EnvironmentLookup environment;
    Resume resume = Resume::by_hand;  // of the runs that are started here
    std::size_t max_concurrency = 10;
    std::chrono::milliseconds default_timeout{60'000};
    // Told of every end of a run, after it is written. May be empty; must not throw, and keeps a step waiting while it works.
    std::function<void(const RunRequest& request, const RunResult& result)> ended = {};
  };

  class Run;  // a run in progress or finished
  using Handle = std::shared_ptr<Run>;

  explicit Pipelines(Parts parts);
  ~Pipelines();  // cancels what still runs, waits for it
  Pipelines(const Pipelines&) = delete;
  Pipelines& operator=(const Pipelines&) = delete;

  // Resolves every step and validates its configuration; runs no step. Empty: all is well.
  [[nodiscard]] std::vector<Finding> validate(const Pipeline& pipeline, const std::string& folder);

  // Starts a run and returns at once. Errors of the pipeline become the outcome of the run, not exceptions; throws
  // Error{busy} only while shutting down.
  [[nodiscard]] Handle start(RunRequest request);
  [[nodiscard]] static const std::string& id_of(const Handle& run) noexcept;
  // Blocks until the run ended.
  [[nodiscard]] RunResult wait(const Handle& run);
  // Goes on with a run that was interrupted. Errors: not_found, conflict (its state is another), what its pipeline says now
  // (a variable of the environment that is gone, ...): then nothing has changed.
  Handle resume(const std::string& run_id);
  // Goes on with every run that a dead server left behind. One that cannot go on is recorded as failed. How many go on.
  std::size_t resume_all();
  // Takes a run that failed, was cancelled or interrupted up again in a new round: what has not succeeded runs, with the same
  // idempotency keys; so do steps that ask about failures (failed(), always()). Errors as resume().
  Handle retry(const std::string& run_id);
  // A new run of the same request. `from` names a step: it and what comes after it run, other steps that had succeeded keep
  // their results. Empty: all run. The run must have ended.
  Handle rerun(const std::string& run_id, const std::string& from);
  // A run in progress, or null.
  [[nodiscard]] Handle find(const std::string& run_id) const;
  // Asks a run to stop: its open calls are cancelled, no step is started any more; it is not gone on with after a death of
  // this process. An interrupted one is cancelled. Throws Error{not_found} when no run with this id is in progress.
  void cancel(const std::string& run_id, const std::string& reason);
  // Lets running runs end until the deadline. The rest is cancelled, or, where runs are resumed automatically, interrupted.
  // New runs are refused from now on.
  void drain(std::chrono::milliseconds patience);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace mortise::jobs
