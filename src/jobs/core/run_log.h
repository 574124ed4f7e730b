// RunLog: every run, every attempt of every step, and what they said, for as long as the database keeps them.
//
// It is told what happens (begin, step_started, ...) and is asked about it (list, find, logs). Writes are queued to the
// store's writer and return at once, but for begin and finish, which return when the row is durable. Texts and values that
// reach it are already cleaned of secrets. Opening marks runs that a dead process left queued or running as interrupted.
//
// States of a run and their legal moves: run_state.h; any other move is Error{conflict}. A write that cannot be made (full
// disk) is told once in the host's log; begin and finish throw it. Questions see everything that was told before. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mortise/value.hpp"

namespace mortise {
class Log;
namespace store {
class Database;
}
}  // namespace mortise

namespace mortise::jobs {

struct NewRun {
  std::string kind;                                        // "pipeline"
  std::string name;                                        // of the pipeline
  std::string source;                                      // its file, may be empty
  std::vector<std::pair<std::string, std::string>> steps;  // name and plugin of each, in order
};

struct RunRecord {
  std::string id, kind, name, source, state;
  Time created;
  std::optional<Time> started, finished;
  Value error;  // null, or the error as a map {code, message, hint, details, cause}
  std::int64_t owner_pid = 0;
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
  std::string state;  // succeeded, failed, skipped, cancelled
  std::int64_t elapsed_ns = 0;
  std::optional<std::int64_t> rows = {};
  std::uint64_t bytes_copied = 0;
  std::int64_t worker_pid = 0;
  Value error = {};
  Value outputs = {};
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

  // ---- told ----
  [[nodiscard]] std::string begin(const NewRun& run);  // the id, "run_..."; state queued
  void started(const std::string& run);
  void step_started(const std::string& run, std::uint32_t step, std::uint32_t attempt);  // attempts count from 1
  // Beyond the limits of its step (over all attempts) a line is counted, not kept; the count is one last record. A line after
  // the end of its run is dropped.
  void step_log(const std::string& run, std::uint32_t step, std::string_view level, std::string_view message,
                const Value& fields);
  void step_ended(const std::string& run, const StepEnd& end);
  // Steps that were not ended are: pending ones as skipped (cancelled, when the run is), running ones as interrupted.
  void finish(const std::string& run, std::string_view state, const Value& error);

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
