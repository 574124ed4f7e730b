// The table of schedules, as types. What they mean is known to src/jobs/core; here they are stored and found.
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

// How far a schedule got.
struct ScheduleMark {
  std::optional<Time> next;  // its next time
  std::string seen = {};     // the last event that was looked at; empty for one of times
};

struct ScheduleRow {
  std::string name;
  std::string request;  // JSON: what is started
  std::string timing;   // "0 6 * * 1-5", "every 15m" or "event run.failed"
  std::string zone;     // IANA
  std::string missed, overlap;
  std::uint32_t most = 1;
  std::int64_t jitter_ns = 0;
  std::string state;   // active, paused
  std::string origin;  // the pipeline file that declares it, else empty
  Time created;
  std::optional<Time> next, last;
  std::string last_run, problem, seen;
};

class ScheduleStore {
 public:
  explicit ScheduleStore(Connection& connection) : connection_(connection) {}

  void add(const ScheduleRow& schedule);  // Error{conflict} when the name is taken
  [[nodiscard]] bool replace(const ScheduleRow& schedule);
  [[nodiscard]] bool remove(const std::string& name);
  [[nodiscard]] bool set_state(const std::string& name, std::string_view state, const ScheduleMark& mark);
  // A slot was taken by a run.
  void fired(const std::string& name, Time due, const ScheduleMark& mark, const std::string& run);
  // Slots were passed over, or could not be used.
  void passed(const std::string& name, const ScheduleMark& mark, std::string_view problem);

  [[nodiscard]] std::optional<ScheduleRow> find(const std::string& name);
  [[nodiscard]] std::vector<ScheduleRow> list();  // by name

 private:
  Connection& connection_;
};

}  // namespace mortise::store
