// Occasion: why a schedule starts a run: a time that came, or an event that happened.
#pragma once

#include <optional>
#include <vector>

#include "jobs/core/schedule.h"

namespace mortise::jobs {

struct Occasion {
  Time due;                      // of an event: when it happened
  std::optional<Time> next = {};  // the schedule's time after it
  std::optional<EventRecord> event = {};
};

// What becomes of the occasions that came, oldest first.
struct Verdict {
  std::size_t dropped = 0;  // so many of the oldest are passed over
  bool made_up_for = false;  // some were missed: they come one after the other
};

// `occasions` is not empty. Waiting ones, behind a run that has not ended, were not missed, however late they are.
enum class Waiting { no, yes };
[[nodiscard]] Verdict verdict_on(const Schedule& schedule, const std::vector<Occasion>& occasions, Waiting waiting, Time now);

}  // namespace mortise::jobs
