#include "jobs/core/scheduler.h"

#include <algorithm>

#include "base/clock.h"
#include "jobs/core/event_log.h"
#include "store/database.h"
#include "store/runs.h"

namespace mortise::jobs {
namespace {

using store::Connection;
using store::Durability;
using store::ScheduleStore;

constexpr std::int64_t on_time = 60'000'000'000;   // a time that is no later than this was not missed
constexpr std::chrono::seconds declare_every(15);  // pipeline files are looked at for their schedules
constexpr std::size_t most_looked_at = 100'000;    // times that passed meanwhile

Error unknown(const std::string& name) {
  return Error(Code::not_found, "there is no schedule '" + name + "'",
               "`mortise schedule list` shows those that are known")
      .with("schedule", name);
}

void check_name(const std::string& name) {
  const bool good = !name.empty() && name.size() <= 200 &&
                    std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (good) return;
  throw Error(Code::invalid, "a schedule needs a name of 1 to 200 bytes without control characters")
      .with("key", "name");
}

bool same(const Schedule& a, const Schedule& b) {
  const store::ScheduleRow x = row_of(a), y = row_of(b);
  return x.request == y.request && x.timing == y.timing && x.zone == y.zone && x.missed == y.missed &&
         x.overlap == y.overlap && x.most == y.most && x.jitter_ns == y.jitter_ns && x.origin == y.origin;
}

}  // namespace

Scheduler::Scheduler(store::Database& database, EventLog& events, const Log& log, Target target, Clock clock)
    : database_(database), events_(events), log_(log), target_(std::move(target)), clock_(std::move(clock)) {}

void Scheduler::start() {
  thread_ = std::thread([this] { loop(); });
}

void Scheduler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Scheduler::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

template <typename Action>
auto Scheduler::write(Action action) {
  return database_
      .write(Durability::full,
             [&](Connection& connection) {
               ScheduleStore store(connection);
               return action(store);
             })
      .get();
}

// ---- what is asked of it ---------------------------------------------------------------------------------------------

Schedule Scheduler::add(Schedule schedule) {
  check_name(schedule.name);
  const Timing timing = Timing::parse(schedule.spec.timing, schedule.spec.zone);
  check(schedule.spec);
  target_.check(schedule);
  schedule.created = clock_();
  schedule.next = timing.next(schedule.created, schedule.created);
  try {
    write([&](ScheduleStore& store) { store.add(row_of(schedule)); });
  } catch (const Error& error) {
    if (error.code() != Code::conflict) throw;
    throw Error(Code::conflict, "there is a schedule '" + schedule.name + "' already",
                "remove it first, or choose another name")
        .with("schedule", schedule.name);
  }
  wake();
  return schedule;
}

void Scheduler::remove(const std::string& name) {
  if (!write([&](ScheduleStore& store) { return store.remove(name); })) throw unknown(name);
}

void Scheduler::pause(const std::string& name) {
  const Schedule schedule = get(name);
  if (!write([&](ScheduleStore& store) { return store.set_state(name, "paused", schedule.next); })) throw unknown(name);
}

void Scheduler::unpause(const std::string& name) {
  const Schedule schedule = get(name);
  const auto next = Timing::parse(schedule.spec.timing, schedule.spec.zone).next(clock_(), schedule.created);
  if (!write([&](ScheduleStore& store) { return store.set_state(name, "active", next); })) throw unknown(name);
  wake();
}

Schedule Scheduler::get(const std::string& name) const {
  const auto row = database_.read([&](Connection& connection) { return ScheduleStore(connection).find(name); });
  if (!row) throw unknown(name);
  return schedule_of(*row);
}

std::vector<Schedule> Scheduler::list() const {
  std::vector<Schedule> schedules;
  for (const store::ScheduleRow& row :
       database_.read([](Connection& connection) { return ScheduleStore(connection).list(); }))
    schedules.push_back(schedule_of(row));
  return schedules;
}

std::vector<Time> Scheduler::preview(const ScheduleSpec& spec, std::size_t count, std::optional<Time> anchor) const {
  const Timing timing = Timing::parse(spec.timing, spec.zone);
  std::vector<Time> times;
  Time after = clock_();
  const Time from = anchor.value_or(after);
  while (times.size() < count) {
    const auto next = timing.next(after, from);
    if (!next) break;
    times.push_back(after = *next);
  }
  return times;
}

void Scheduler::declare(const std::vector<Schedule>& declared) {
  const std::vector<Schedule> known = list();
  const auto named = [](const std::vector<Schedule>& all, const std::string& name) {
    return std::find_if(all.begin(), all.end(), [&](const Schedule& each) { return each.name == name; });
  };
  for (const Schedule& old : known) {
    if (!old.origin.empty() && named(declared, old.name) == declared.end()) remove(old.name);
  }
  for (Schedule schedule : declared) {
    const auto old = named(known, schedule.name);
    if (old == known.end()) {
      (void)add(std::move(schedule));
    } else if (old->origin.empty()) {
      log_.warning("a pipeline declares a schedule whose name is taken", {{"schedule", schedule.name}});
    } else if (!same(*old, schedule)) {
      const Timing timing = Timing::parse(schedule.spec.timing, schedule.spec.zone);
      schedule.paused = old->paused;
      schedule.next = timing.next(clock_(), old->created);
      (void)write([&](ScheduleStore& store) { return store.replace(row_of(schedule)); });
      wake();
    }
  }
}

// ---- what it does ----------------------------------------------------------------------------------------------------

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
  for (Schedule& schedule : list()) {
    if (schedule.paused || !schedule.next || with_jitter(schedule, *schedule.next) > now) continue;
    const std::string name = schedule.name;
    try {
      look_at(std::move(schedule), now);
    } catch (const Error& error) {
      log_.failure("a schedule failed", error, {{"schedule", name}});
    }
  }
}

// From the one that is due to the last that is, oldest first; of very many, the newest.
std::vector<Time> Scheduler::times_until(const Schedule& schedule, const Timing& timing, Time now) const {
  std::vector<Time> times{*schedule.next};
  for (auto next = timing.next(times.back(), schedule.created);
       next && with_jitter(schedule, *next) <= now && times.size() < most_looked_at;
       next = timing.next(times.back(), schedule.created)) {
    times.push_back(*next);
  }
  return times;
}

void Scheduler::look_at(Schedule schedule, Time now) {
  const Timing timing = Timing::parse(schedule.spec.timing, schedule.spec.zone);
  std::vector<Time> times = times_until(schedule, timing, now);
  const auto next =
      timing.next(std::max(times.back(), times.size() == most_looked_at ? now : times.back()), schedule.created);
  const bool was_held = held_.contains(schedule.name);
  const bool missed =
      !was_held && (times.size() > 1 || now.nanoseconds - with_jitter(schedule, times.back()).nanoseconds > on_time);
  std::size_t keep = times.size();
  if (missed && schedule.spec.missed == Missed::skip) {
    const bool last_is_fresh = now.nanoseconds - with_jitter(schedule, times.back()).nanoseconds <= on_time;
    keep = last_is_fresh && times.size() > 1 ? 1 : 0;
  }
  if (missed && schedule.spec.missed == Missed::once) keep = 1;
  keep = std::min<std::size_t>(keep, schedule.spec.most);
  if (const std::size_t dropped = times.size() - keep; dropped > 0) {
    pass(schedule, keep == 0 ? next : times[dropped], {}, "schedule.missed",
         Value::map({{"count", dropped}, {"first", times.front()}, {"last", times[dropped - 1]}}));
    times.erase(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(dropped));
  }
  held_.erase(schedule.name);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto following = i + 1 < times.size() ? std::optional(times[i + 1]) : next;
    if (!make_way(schedule)) {
      if (schedule.spec.overlap == Overlap::queue || missed ||
          was_held) {  // what is made up for comes one after the other, too
        held_.insert(schedule.name);
        return;
      }
      pass(schedule, following, {}, "schedule.skipped",
           Value::map({{"due", times[i]}, {"reason", "the run of an earlier time has not ended"}}));
      continue;
    }
    take(schedule, times[i], following);
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

void Scheduler::take(Schedule& schedule, Time due, std::optional<Time> next) {
  try {
    const std::string run = target_.start(schedule, {schedule.name, due, next});
    log_.info("a schedule started a run", {{"schedule", schedule.name}, {"run", run}, {"due", to_rfc3339(due)}});
  } catch (const Error& error) {
    if (error.code() == Code::busy) throw;  // the time is still there, and tried again
    log_.failure("a schedule could not start its run", error, {{"schedule", schedule.name}});
    pass(schedule, next, error.describe(), "schedule.failed", Value::map({{"due", due}, {"error", error.describe()}}));
  }
}

void Scheduler::pass(const Schedule& schedule, std::optional<Time> next, const std::string& problem,
                     const std::string& type, Value data) {
  write([&](ScheduleStore& store) { store.passed(schedule.name, next, problem); });
  data.set("schedule", schedule.name);
  events_.record({.type = type, .source = "schedule:" + schedule.name, .data = std::move(data)});
}

}  // namespace mortise::jobs
