// Scheduler: keeps schedules in the database and starts what is due, at a time or after an event.
//
// A time is taken in the same commit in which its run begins (RunLog::begin with a ScheduleSlot), and can be taken once: a death at
// any moment neither loses a time nor starts two runs for it. How a run is started is told by whoever builds the house.
//
// An event is taken likewise: the schedule remembers the last that it looked at, and goes on from there after a restart. What a
// schedule itself tells, and the ends of its own runs, do not start it.
//
// Thread-safe. Its thread wakes when something is due, and every second to see whether the clock was set and what happened.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "base/log.h"
#include "jobs/core/run_log.h"
#include "jobs/core/occasion.h"
#include "jobs/core/schedule.h"

namespace mortise::jobs {

class Scheduler {
 public:
  struct Target {
    // Starts a run that takes the slot, and returns its id; `event` is what it is started by, null for a time. Throws Error
    // when it cannot begin.
    std::function<std::string(const Schedule& schedule, const ScheduleSlot& slot, const EventRecord* event)> start;
    std::function<void(const std::string& run, const std::string& reason)> cancel;
    // Throws Error when what is to be started cannot be (an unknown pipeline, ...).
    std::function<void(const Schedule& schedule)> check;
    // What pipeline files declare at present; may be empty.
    std::function<std::vector<Schedule>()> declared = {};
  };
  using Clock = std::function<Time()>;

  Scheduler(store::Database& database, EventLog& events, const Log& log, Target target, Clock clock);
  ~Scheduler() { stop(); }
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void start();  // the thread; until then nothing is started
  void stop();

  // Throws Error{conflict} when the name is taken, Error{invalid} for a name, a timing, a zone that cannot be.
  Schedule add(Schedule schedule);
  void remove(const std::string& name);  // these throw Error{not_found}
  void pause(const std::string& name);
  void unpause(const std::string& name);  // goes on with the next time from now
  [[nodiscard]] Schedule get(const std::string& name) const;
  [[nodiscard]] std::vector<Schedule> list() const;
  // The next times, without jitter.
  [[nodiscard]] std::vector<Time> preview(const ScheduleSpec& spec, std::size_t count,
                                          std::optional<Time> anchor = {}) const;
  // Makes the schedules that pipeline files declare what they are now: adds, changes and removes those with an origin. One
  // whose name was taken by hand is left alone, and told.
  void declare(const std::vector<Schedule>& declared);

  // Starts what is due now. The thread calls it; tests do, too.
  void tick();

 private:
  void loop();
  [[nodiscard]] bool is_due(const Schedule& schedule, Time now) const;
  void look_at(const Schedule& schedule, Time now);
  [[nodiscard]] std::vector<Occasion> times_until(const Schedule& schedule, const Timing& timing, Time now) const;
  [[nodiscard]] std::vector<Occasion> events_since(const Schedule& schedule, const EventFilter& filter);
  void drop(const Schedule& schedule, std::vector<Occasion>& occasions, std::size_t count);
  [[nodiscard]] bool make_way(const Schedule& schedule);
  void take(const Schedule& schedule, const Occasion& occasion);
  void pass(const Schedule& schedule, const Occasion& last, const std::string& problem, const std::string& type, Value data);
  template <typename Action>
  auto write(Action action);
  void wake();

  store::Database& database_;
  EventLog& events_;
  const Log log_;
  const Target target_;
  const Clock clock_;
  std::mutex tick_mutex_;       // one look at a time
  std::set<std::string> held_;  // whose time waits for the end of an earlier run
  std::map<std::string, std::string> looked_;  // by schedule: the last event that was looked at and does not count
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false, woken_ = false;
  std::thread thread_;
};

}  // namespace mortise::jobs
