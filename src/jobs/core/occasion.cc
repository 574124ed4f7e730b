#include "jobs/core/occasion.h"

#include <algorithm>

namespace mortise::jobs {
namespace {

constexpr std::int64_t on_time = 60'000'000'000;  // what is no later than this was not missed

bool is_late(const Schedule& schedule, const Occasion& occasion, Time now) {
  return now.nanoseconds - with_jitter(schedule, occasion.due).nanoseconds > on_time;
}

// A time is missed when another of its schedule came meanwhile, too.
std::size_t missed_times(const Schedule& schedule, const std::vector<Occasion>& times, Time now) {
  if (times.size() == 1) return is_late(schedule, times.front(), now) ? 1 : 0;
  return is_late(schedule, times.back(), now) || schedule.spec.missed != Missed::skip ? times.size() : times.size() - 1;
}

std::size_t missed_events(const Schedule& schedule, const std::vector<Occasion>& events, Time now) {
  const auto fresh = std::find_if(events.begin(), events.end(), [&](const Occasion& each) { return !is_late(schedule, each, now); });
  return static_cast<std::size_t>(fresh - events.begin());
}

}  // namespace

Verdict verdict_on(const Schedule& schedule, const std::vector<Occasion>& occasions, Waiting waiting, Time now) {
  std::size_t missed = 0;
  if (waiting == Waiting::no) {
    missed = occasions.front().event ? missed_events(schedule, occasions, now) : missed_times(schedule, occasions, now);
  }
  std::size_t dropped = 0;
  if (schedule.spec.missed == Missed::skip) dropped = missed;
  if (schedule.spec.missed == Missed::once && missed > 1) dropped = missed - 1;
  const std::size_t most = schedule.spec.most;
  if (occasions.size() - dropped > most) dropped = occasions.size() - most;
  return {dropped, missed > 0 || waiting == Waiting::yes};
}

}  // namespace mortise::jobs
