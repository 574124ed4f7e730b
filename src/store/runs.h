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
  std::string owner_mark;          // tells two processes of the same pid apart
  std::uint32_t round = 1;         // rises when a run that failed is taken up again
  std::string resume = "by_hand";  // automatic: the next server goes on with it when its process died
  std::string origin = {};         // the run that it repeats
  std::string schedule = {};       // that started it
  std::optional<Time> due = {};    // the slot of the schedule
  std::string cancel_reason = {};  // not empty: it was asked to stop
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
  std::uint32_t round = 1;
  std::string verdict =
      {};  // what a failure means: "retry", "tolerated", else final; "reused" for the results of another run
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

  // Gives a run that has ended, or whose process died, to this owner. False when it is not in that state.
  [[nodiscard]] bool adopt(const std::string& run, std::string_view from, std::string_view to, std::uint32_t round,
                           std::int64_t owner_pid, std::string_view owner_mark);
  void ask_to_stop(const std::string& run, std::string_view reason);
  // Makes the step wait for an attempt once more: a row of attempt 0 in state pending, if there is none.
  void reopen_step(const std::string& run, std::uint32_t position);

  // The row of a new attempt, in the run's present round; that of attempt 0 goes. Error{not_found} when the run has no such step.
  void begin_attempt(const std::string& run, std::uint32_t position, std::uint32_t attempt, std::string_view state,
                     Time started);
  // Fills the row of (position, attempt) in: all but name, plugin and started. False when there is none.
  [[nodiscard]] bool end_attempt(const std::string& run, const StepRow& end);
  // Steps in state `from` get state `to` and, if they had begun, their end.
  void move_steps(const std::string& run, std::string_view from, std::string_view to, Time finished);

  [[nodiscard]] std::optional<RunRow> find(const std::string& run);
  [[nodiscard]] std::vector<RunRow> list(const RunQuery& query);  // newest first: ids rise with time
  // Runs of dead processes that the next server goes on with, oldest first.
  [[nodiscard]] std::vector<RunRow> resumable();
  // Those that a schedule started and that have not ended.
  [[nodiscard]] std::vector<RunRow> open_runs_of(const std::string& schedule);
  [[nodiscard]] std::vector<StepRow> steps(const std::string& run);  // by position, then attempt
  // Lines with a number above `after`, rising; of one step, or of all.
  [[nodiscard]] std::vector<StepLogRow> logs(const std::string& run, std::optional<std::uint32_t> position,
                                             std::uint64_t after, std::uint32_t limit);
  [[nodiscard]] std::uint64_t last_log_number(const std::string& run);

 private:
  Connection& connection_;
};

}  // namespace mortise::store
