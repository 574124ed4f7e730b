// What the scheduler does: it looks at what is due, and starts it or says why not.
#include <algorithm>

#include "base/clock.h"
#include "jobs/core/event_log.h"
#include "jobs/core/scheduler.h"
#include "store/database.h"
#include "store/runs.h"

namespace mortise::jobs {
namespace {

using store::Connection;

constexpr std::chrono::seconds declare_every(15);  // pipeline files are looked at for their schedules
constexpr std::size_t most_looked_at = 100'000;    // times that passed meanwhile
constexpr std::uint32_t most_events = 1000;        // that happened since the last look; the rest is for the next

// What a schedule told, and how its runs ended: it would start itself.
bool is_own(const EventRecord& event, const std::string& schedule) {
  const Value* of = event.data.is(Kind::map) ? event.data.find("schedule") : nullptr;
  return event.source == "schedule:" + schedule || (of != nullptr && *of == Value(schedule));
}

}  // namespace

void Scheduler::loop() {
  std::chrono::steady_clock::time_point declare_next{};
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    woken_ = false;
    lock.unlock();
    auto patience = std::chrono::nanoseconds(std::chrono::seconds(1));
    try {
      if (target_.declared && std::chrono::steady_clock::now() >= declare_next) {
        declare(target_.declared());
        declare_next = std::chrono::steady_clock::now() + declare_every;
      }
      tick();
      const Time now = clock_();
      for (const Schedule& schedule : list()) {
        if (schedule.paused || !schedule.next || held_.contains(schedule.name)) continue;
        const std::int64_t left = with_jitter(schedule, *schedule.next).nanoseconds - now.nanoseconds;
        patience = std::min(patience, std::chrono::nanoseconds(std::max<std::int64_t>(left, 1'000'000)));
      }
    } catch (const Error& error) {
      log_.failure("schedules could not be looked at", error);
    }
    lock.lock();
    changed_.wait_for(lock, patience, [&] { return stopping_ || woken_; });
  }
}

void Scheduler::tick() {
  const std::lock_guard lock(tick_mutex_);
  const Time now = clock_();
  for (const Schedule& schedule : list()) {
    if (!is_due(schedule, now)) continue;
    try {
      look_at(schedule, now);
    } catch (const Error& error) {
      log_.failure("a schedule failed", error, {{"schedule", schedule.name}});
    }
  }
}

bool Scheduler::is_due(const Schedule& schedule, Time now) const {
  if (schedule.paused) return false;
  if (Timing::is_event(schedule.spec.timing)) return true;  // who knows
  return schedule.next && with_jitter(schedule, *schedule.next) <= now;
}

// From the one that is due to the last that is, oldest first; of very many, the oldest, and the time after now.
std::vector<Occasion> Scheduler::times_until(const Schedule& schedule, const Timing& timing, Time now) const {
  std::vector<Occasion> times;
  auto due = schedule.next;
  while (due && with_jitter(schedule, *due) <= now && times.size() < most_looked_at) {
    const auto next = timing.next(*due, schedule.created);
    times.push_back({*due, next});
    due = next;
  }
  if (times.size() == most_looked_at) times.back().next = timing.next(std::max(times.back().due, now), schedule.created);
  return times;
}

// No two have the same time: it is what a run takes.
std::vector<Occasion> Scheduler::events_since(const Schedule& schedule, const EventFilter& filter) {
  std::string& looked = looked_[schedule.name];
  if (looked < schedule.seen) looked = schedule.seen;
  std::vector<Occasion> found;
  Time last = schedule.last.value_or(Time{});
  for (EventRecord& event : events_.after(looked, filter.type, most_events)) {
    if (!filter.fits(event) || is_own(event, schedule.name)) {
      if (found.empty()) looked = event.id;
      continue;
    }
    last = Time{std::max(event.time.nanoseconds, last.nanoseconds + 1)};
    found.push_back({last, std::nullopt, std::move(event)});
  }
  return found;
}

void Scheduler::drop(const Schedule& schedule, std::vector<Occasion>& occasions, std::size_t count) {
  if (count == 0) return;
  const Occasion& last = occasions[count - 1];
  pass(schedule, last, {}, "schedule.missed", Value::map({{"count", count}, {"first", occasions.front().due}, {"last", last.due}}));
  occasions.erase(occasions.begin(), occasions.begin() + static_cast<std::ptrdiff_t>(count));
}

void Scheduler::look_at(const Schedule& schedule, Time now) {
  const Timing timing = Timing::parse(schedule.spec.timing, schedule.spec.zone);
  std::vector<Occasion> occasions = timing.event() ? events_since(schedule, *timing.event()) : times_until(schedule, timing, now);
  if (occasions.empty()) return;
  const bool waited = held_.erase(schedule.name) != 0;
  const Verdict verdict = verdict_on(schedule, occasions, waited ? Waiting::yes : Waiting::no, now);
  drop(schedule, occasions, verdict.dropped);
  for (auto each = occasions.begin(); each != occasions.end(); ++each) {
    if (make_way(schedule)) {
      take(schedule, *each);
    } else if (schedule.spec.overlap == Overlap::queue || verdict.made_up_for) {
      held_.insert(schedule.name);
      return;
    } else {
      Value told = Value::map({{"due", each->due}, {"reason", "the run of an earlier time has not ended"}});
      if (const auto left = occasions.end() - each; left > 1) told.set("count", left);
      return pass(schedule, occasions.back(), {}, "schedule.skipped", std::move(told));
    }
  }
}

// Whether no earlier run is in the way (any more).
bool Scheduler::make_way(const Schedule& schedule) {
  const auto open =
      database_.read([&](Connection& connection) { return store::RunStore(connection).open_runs_of(schedule.name); });
  if (open.empty()) return true;
  if (schedule.spec.overlap != Overlap::cancel) return false;
  for (const store::RunRow& run : open) {
    try {
      target_.cancel(run.id, "the schedule '" + schedule.name + "' is due again");
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): it ended meanwhile
    }
  }
  return true;
}

void Scheduler::take(const Schedule& schedule, const Occasion& occasion) {
  const EventRecord* event = occasion.event ? &*occasion.event : nullptr;
  const ScheduleSlot slot{schedule.name, occasion.due, occasion.next, event == nullptr ? std::string() : event->id};
  try {
    const std::string run = target_.start(schedule, slot, event);
    log_.info("a schedule started a run", {{"schedule", schedule.name}, {"run", run}, {"due", to_rfc3339(occasion.due)}});
  } catch (const Error& error) {
    if (error.code() == Code::busy) throw;  // the time is still there, and tried again
    log_.failure("a schedule could not start its run", error, {{"schedule", schedule.name}});
    pass(schedule, occasion, error.describe(), "schedule.failed",
         Value::map({{"due", occasion.due}, {"error", error.describe()}}));
  }
}

void Scheduler::pass(const Schedule& schedule, const Occasion& last, const std::string& problem, const std::string& type,
                     Value data) {
  const store::ScheduleMark mark{last.next, last.event ? last.event->id : schedule.seen};
  const auto write = [&](Connection& connection) { store::ScheduleStore(connection).passed(schedule.name, mark, problem); };
  database_.write(store::Durability::full, write).get();
  data.set("schedule", schedule.name);
  events_.record({.type = type, .source = "schedule:" + schedule.name, .data = std::move(data)});
}

}  // namespace mortise::jobs
