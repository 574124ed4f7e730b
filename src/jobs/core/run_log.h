// RunLog: every run, every attempt of every step, and what they said, for as long as the database keeps them.
//
// It is told what happens (begin, step_started, ...) and is asked about it (list, find, logs). Writes are queued to the
// store's writer, in order, and return at once. What must be known to be written before something else may happen:
//
//   begin          before anybody hears of the run: returns when the disk has it
//   step_started   before the plugin is called (the intent): tells by `done`. It is behind the results of all steps that ended
//                  before, so those are written, too
//   finish         before the outcome is announced: tells by `done`, or returns, when the disk has it
//
// Everything else follows within the same commits. A process that dies leaves a true picture: an attempt without an end was
// interrupted. Texts and values that reach it are already cleaned of secrets. Opening marks runs that a dead process left queued
// or running as interrupted, and the attempts that were running; steps that had not begun stay pending.
//
// States of a run and their legal moves: run_state.h; any other move is Error{conflict}. A write that cannot be made (full
// disk) is told once in the host's log, and by begin, step_started and finish. Questions see everything that was told before.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mortise/value.hpp"
#include "store/checkpoints.h"
#include "store/dead_letters.h"

namespace mortise {
class Log;
namespace store {
class Database;
}
}  // namespace mortise

namespace mortise::jobs {

// What becomes of a run whose process died: the next server goes on with it, or somebody says so.
enum class Resume { by_hand, automatic };

// One time at which a schedule was due, or an event that it waited for. It is taken together with the run's beginning: by one run,
// or by none.
struct ScheduleSlot {
  std::string schedule;
  Time due;
  std::optional<Time> next;  // when the schedule is due again
  std::string event = {};    // its id
};

// The result of a step that a run takes over from an earlier one.
struct ReusedStep {
  std::uint32_t index = 0;
  std::optional<std::int64_t> rows;
  Value outputs;  // context key -> kind
  store::OutputRow kept;
};

struct NewRun {
  std::string kind;                                        // "pipeline"
  std::string name;                                        // of the pipeline
  std::string source;                                      // its file, may be empty
  std::vector<std::pair<std::string, std::string>> steps;  // name and plugin of each, in order
  std::string id = {};                                     // of make_id("run"); empty: made here
  std::string plan = {};  // of Checkpoints::seal_plan; empty: it cannot be taken up again
  Resume resume = Resume::by_hand;
  std::string origin = {};  // the run that it repeats
  std::vector<ReusedStep> reused = {};
  std::optional<ScheduleSlot> slot = {};
};

struct RunRecord {
  std::string id, kind, name, source, state;
  Time created;
  std::optional<Time> started, finished;
  Value error;  // null, or the error as a map {code, message, hint, details, cause}
  std::int64_t owner_pid = 0;
  std::uint32_t round = 1;  // rises when it is taken up again after it had failed or was cancelled
  Resume resume = Resume::by_hand;
  std::string origin, schedule;
  std::optional<Time> due;
  std::string cancel_reason;  // not empty: somebody asked it to stop
};

// One attempt of one step; attempt 0 stands for a step that had none yet (pending, skipped, cancelled before it began).
struct StepRecord {
  std::uint32_t index = 0;          // from 0
  std::string name, plugin, state;  // pending, running, succeeded, failed, skipped, cancelled, interrupted
  std::uint32_t attempt = 0;
  std::optional<Time> started, finished;
  std::int64_t elapsed_ns = 0;
  std::optional<std::int64_t> rows;
  std::uint64_t bytes_copied = 0;
  std::int64_t worker_pid = 0;
  Value error;    // as above
  Value outputs;  // null, or a map of context key -> kind
  std::uint32_t round = 1;
  std::string
      verdict;  // of a failure: "retry", "tolerated", or empty (final); of a success: "reused" when it is another run's
};

struct LogRecord {
  std::uint64_t number = 0;  // within the run, rising
  std::uint32_t step = 0;
  std::string level;  // debug, info, warning, error
  Time time;
  std::string message;
  Value fields;  // null or a map
};

struct StepEnd {
  std::uint32_t index = 0;
  std::uint32_t attempt = 0;
  std::string state;  // succeeded, failed, skipped, cancelled, interrupted
  std::int64_t elapsed_ns = 0;
  std::optional<std::int64_t> rows = {};
  std::uint64_t bytes_copied = 0;
  std::int64_t worker_pid = 0;
  Value error = {};
  Value outputs = {};
  std::string verdict = {};
  std::optional<store::OutputRow> kept = {};  // of Checkpoints::keep, written together with the result
};

struct RunEnd {
  std::string state;  // succeeded, failed, cancelled, interrupted
  Value error = {};
  std::vector<store::DeadLetterRow> letters =
      {};  // written together with it; those of an earlier round are resolved by success
};

class RunLog {
 public:
  struct Limits {
    std::uint64_t log_lines_per_step = 10'000;
    std::uint64_t log_bytes_per_step = 4u << 20;
  };
  RunLog(store::Database& database, const Log& log, Limits limits);
  RunLog(store::Database& database, const Log& log) : RunLog(database, log, Limits{}) {}
  ~RunLog();  // writes what is queued
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  // Called once, with null after success, on a thread that must be left alone soon: no waiting, no RunLog.
  using Done = std::function<void(const Error* error)>;
  // How safe an intent must be before the plugin is called: from the death of this process, or of the machine too.
  enum class Intent { recorded, on_disk };

  // ---- told ----
  [[nodiscard]] std::string begin(const NewRun& run);  // the id, "run_..."; state queued
  void started(const std::string& run);
  void step_started(const std::string& run, std::uint32_t step, std::uint32_t attempt, Done done,
                    Intent intent);  // attempts count from 1
  void step_started(const std::string& run, std::uint32_t step, std::uint32_t attempt) {
    step_started(run, step, attempt, {}, Intent::recorded);
  }
  // Beyond the limits of its step (over all attempts) a line is counted, not kept; the count is one last record. A line after
  // the end of its run is dropped.
  void step_log(const std::string& run, std::uint32_t step, std::string_view level, std::string_view message,
                const Value& fields);
  void step_ended(const std::string& run, const StepEnd& end);
  // Steps that were not ended are: pending ones as skipped (cancelled, when the run is), running ones as interrupted.
  // Of an interrupted run, pending steps stay pending.
  void finish(const std::string& run, const RunEnd& end, Done done);
  void finish(const std::string& run, std::string_view state, const Value& error);  // returns when the disk has it

  // An interrupted run goes on in this process. Returns when the disk has it; Error{conflict} when it is not interrupted.
  void resumed(const std::string& run);
  // A run that failed, was cancelled or interrupted is taken up again, in a new round in which these steps are pending once
  // more; its dead letters are driven. Likewise.
  void retried(const std::string& run, const std::vector<std::uint32_t>& steps);
  // It will not be gone on with after a death of this process. For a run that is interrupted: it is cancelled now.
  void asked_to_stop(const std::string& run, std::string_view reason);

  // ---- asked ----
  struct Filter {
    std::string state = {};  // empty: any
    std::string name = {};   // empty: any
    std::uint32_t limit = 100;
    std::string before = {};  // id: only older runs, for paging
  };
  [[nodiscard]] std::vector<RunRecord> list(const Filter& filter) const;  // newest first
  [[nodiscard]] std::vector<RunRecord> list() const { return list(Filter{}); }
  [[nodiscard]] std::optional<RunRecord> find(const std::string& run) const;
  [[nodiscard]] std::vector<StepRecord> steps(const std::string& run) const;  // by index, then attempt
  // Interrupted runs that a server goes on with, oldest first.
  [[nodiscard]] std::vector<RunRecord> resumable() const;
  // Lines with a number above `after`; step -1: of all steps.
  [[nodiscard]] std::vector<LogRecord> logs(const std::string& run, std::int64_t step, std::uint64_t after,
                                            std::uint32_t limit) const;

 private:
  class Writer;
  template <typename Question>
  auto ask(Question question) const;

  std::unique_ptr<Writer> writer_;
};

}  // namespace mortise::jobs
