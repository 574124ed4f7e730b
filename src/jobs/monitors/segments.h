// Segments: events that belong together because no long silence lies between them.
//
//   IDLE    a resetting event opens a segment; any other event stands alone, and is not lost
//   ACTIVE  every event is collected. A resetting one starts the cooldown anew; one that does not, leaves it as it runs
//   the cooldown has passed: the segment is complete, and it is IDLE again
//
// An infrequent event always stands alone and touches no segment. The cooldown is counted from when this host saw a resetting
// event, by a clock that nobody sets; what a segment says about itself are the events' own times. A segment that grows beyond
// all measure is completed early, and says so.
//
// No clock, no threads, no plugin: whoever uses it says what time it is, and what became complete is given back.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::jobs {

struct MonitorEvent {
  Time time;
  std::string label, event;
  Value data;      // null or a map
  std::string id;  // may be empty
};

struct EventRules {
  bool resets_cooldown = true;
  bool infrequent = false;
  std::string data_header;  // the key of the data that is collected; empty: none
};

struct Segment {
  struct Collected {
    std::string header;
    std::string label;  // whose monitor aggregates it: the first that was seen with this header
    std::vector<Value> items;
  };
  struct Reference {
    Time time;
    std::string label, event;
  };
  Time start, end;
  std::set<std::string> labels;
  std::uint64_t resets = 0;
  std::vector<Reference> events;
  std::vector<Collected> collected;
  bool overfull = false;
};

class Segments {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t most_events = 100'000;  // of one segment

  explicit Segments(std::chrono::milliseconds cooldown) : cooldown_(cooldown) {}

  enum class Went { alone, into_segment, opened_segment };
  Went take(const MonitorEvent& event, const EventRules& rules, Clock::time_point now);

  // The segment that is complete at `now`, if one is.
  [[nodiscard]] std::optional<Segment> complete(Clock::time_point now);
  // What is open, at the end of the watch.
  [[nodiscard]] std::optional<Segment> close();

  [[nodiscard]] const Segment* open() const noexcept { return open_ ? &*open_ : nullptr; }
  // When the open one will be complete if nothing more happens.
  [[nodiscard]] std::optional<Clock::time_point> due() const noexcept;

 private:
  void collect(const MonitorEvent& event, const EventRules& rules);

  const std::chrono::milliseconds cooldown_;
  std::optional<Segment> open_;
  Clock::time_point last_reset_{};
};

}  // namespace mortise::jobs
