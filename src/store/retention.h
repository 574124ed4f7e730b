// What is removed from the tables when it is old. A run is removed with its steps, logs, plan and outputs; never one that has not
// ended, nor one with a dead letter that somebody may still drive.
//
// For use within a work given to Database::write.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {

class Connection;

class RetentionStore {
 public:
  explicit RetentionStore(Connection& connection) : connection_(connection) {}

  // At most `limit` runs, the oldest first, that ended before `older` or are not among the newest `keep`; their ids.
  [[nodiscard]] std::vector<std::string> remove_runs(Time older, std::uint64_t keep, std::uint32_t limit);
  // Likewise the outputs of runs that ended before; the runs stay.
  [[nodiscard]] std::vector<std::string> remove_outputs(Time older, std::uint32_t limit);
  // How many rows went.
  std::int64_t remove_events(Time older, std::uint64_t keep);
  std::int64_t remove_letters(Time older);  // by their last change
  std::int64_t remove_alerts(Time older);   // that were resolved before

 private:
  Connection& connection_;
};

}  // namespace mortise::store
