#include "jobs/core/scheduler.h"

#include <algorithm>

#include "jobs/core/event_log.h"
#include "store/database.h"

namespace mortise::jobs {
namespace {

using store::Connection;
using store::Durability;
using store::ScheduleStore;

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

Schedule Scheduler::add(Schedule schedule) {
  check_name(schedule.name);
  const Timing timing = Timing::parse(schedule.spec.timing, schedule.spec.zone);
  check(schedule.spec);
  target_.check(schedule);
  schedule.created = clock_();
  schedule.next = timing.next(schedule.created, schedule.created);
  if (timing.event()) schedule.seen = EventLog::present();
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
  if (!write([&](ScheduleStore& store) { return store.set_state(name, "paused", {schedule.next, schedule.seen}); })) throw unknown(name);
}

void Scheduler::unpause(const std::string& name) {
  const Schedule schedule = get(name);
  const Timing timing = Timing::parse(schedule.spec.timing, schedule.spec.zone);
  const store::ScheduleMark mark{timing.next(clock_(), schedule.created), timing.event() ? EventLog::present() : ""};
  if (!write([&](ScheduleStore& store) { return store.set_state(name, "active", mark); })) throw unknown(name);
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
      if (timing.event()) schedule.seen = EventLog::present();
      (void)write([&](ScheduleStore& store) { return store.replace(row_of(schedule)); });
      wake();
    }
  }
}

}  // namespace mortise::jobs
