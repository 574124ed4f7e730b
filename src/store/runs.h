// The tables of runs, their steps and their log lines, as types. What the rows mean, and which moves are legal, is known to
// src/jobs/core; here they are stored and found. JSON columns are text ("" for none).
//
// The writing functions are for use within a work given to Database::write; the finding ones within Database::read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {

class Connection;

struct RunRow {
  std::string id, kind, name, source, state;
  Time created;
  std::optional<Time> started, finished;
  std::string error;
  std::int64_t owner_pid = 0;
  std::string owner_mark;  // tells two processes of the same pid apart
};

// One attempt of one step. Attempt 0 stands for a step that had none yet.
struct StepRow {
  std::uint32_t position = 0;
  std::uint32_t attempt = 0;
  std::string name, plugin, state;
  std::optional<Time> started, finished;
  std::int64_t elapsed_ns = 0;
  std::optional<std::int64_t> rows;
  std::uint64_t bytes_copied = 0;
  std::int64_t worker_pid = 0;
  std::string error, outputs;
};

struct StepLogRow {
  std::uint64_t number = 0;  // within the run, from 1
  std::uint32_t position = 0;
  std::string level;
  Time time;
  std::string message, fields;
};

struct RunQuery {
  std::string state = {};   // empty: any
  std::string name = {};    // empty: any
  std::string before = {};  // id: older runs only
  std::uint32_t limit = 100;
};

class RunStore {
 public:
  explicit RunStore(Connection& connection) : connection_(connection) {}

  void add(const RunRow& run);
  void add(const std::string& run, const StepRow& step);
  void add(const std::string& run, const StepLogRow& line);

  // Moves a run from one state to another and sets its times and error as far as they are given. False when the run is not in
  // that state (or is not there): nothing was changed.
  [[nodiscard]] bool move(const std::string& run, std::string_view from, std::string_view to,
                          std::optional<Time> started, std::optional<Time> finished, std::string_view error);

  // The row of a new attempt; that of attempt 0 goes. Error{not_found} when the run has no such step.
  void begin_attempt(const std::string& run, std::uint32_t position, std::uint32_t attempt, std::string_view state,
                     Time started);
  // Fills the row of (position, attempt) in: all but name, plugin and started. False when there is none.
  [[nodiscard]] bool end_attempt(const std::string& run, const StepRow& end);
  // Steps in state `from` get state `to` and, if they had begun, their end.
  void move_steps(const std::string& run, std::string_view from, std::string_view to, Time finished);

  [[nodiscard]] std::optional<RunRow> find(const std::string& run);
  [[nodiscard]] std::vector<RunRow> list(const RunQuery& query);     // newest first: ids rise with time
  [[nodiscard]] std::vector<StepRow> steps(const std::string& run);  // by position, then attempt
  // Lines with a number above `after`, rising; of one step, or of all.
  [[nodiscard]] std::vector<StepLogRow> logs(const std::string& run, std::optional<std::uint32_t> position,
                                             std::uint64_t after, std::uint32_t limit);
  [[nodiscard]] std::uint64_t last_log_number(const std::string& run);

 private:
  Connection& connection_;
};

}  // namespace mortise::store
