// The table of dead letters, as types. What the rows mean is known to src/jobs/core; here they are stored and found. JSON
// columns are text ("" for none).
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

struct DeadLetterRow {
  std::string id, run, pipeline;
  std::int64_t position = -1;  // of the step; -1: the run as a whole
  std::string step, plugin, state, code, reason, error, input;
  std::uint32_t attempts = 0;
  std::uint32_t drives = 0;
  Time created, changed;
};

struct DeadLetterQuery {
  std::string state = {};     // empty: any
  std::string pipeline = {};  // empty: any
  std::string run = {};       // empty: any
  std::string before = {};    // id: older ones only
  std::uint32_t limit = 100;
};

class DeadLetterStore {
 public:
  explicit DeadLetterStore(Connection& connection) : connection_(connection) {}

  // One for each run and step: an earlier one is written over, keeps its id and number of drives, and is open again.
  void put(const DeadLetterRow& letter);
  // How many were in one of the states and moved. `drives` is added to theirs.
  std::int64_t move_of_run(const std::string& run, std::string_view to, std::uint32_t drives, Time at);
  [[nodiscard]] bool move(const std::string& id, std::string_view from, std::string_view to, Time at);

  [[nodiscard]] std::optional<DeadLetterRow> find(const std::string& id);
  [[nodiscard]] std::vector<DeadLetterRow> list(const DeadLetterQuery& query);  // newest first

 private:
  Connection& connection_;
};

}  // namespace mortise::store
