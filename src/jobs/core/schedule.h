// Schedule: what is started when, and what happens when that time cannot be kept.
//
//   timing    five fields of cron (cron.h), an interval: "every 15m", or an event (event_filter.h): "event run.failed"
//   missed    what to do about times and events that passed while nobody could start anything (the server was down, the schedule
//             late by more than a minute, or by more than one of its times): skip, once (the latest of them), all (the latest `most`)
//   overlap   what to do when the run of an earlier time has not ended: skip this time, queue (start it afterwards), cancel
//             the earlier run
//   jitter    each time is put off by up to so much: always the same for the same time of the same schedule
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "base/config_tree.h"
#include "jobs/core/cron.h"
#include "jobs/core/event_filter.h"
#include "mortise/value.hpp"
#include "store/schedules.h"

namespace mortise::jobs {

enum class Missed { skip, once, all };
enum class Overlap { skip, queue, cancel };
[[nodiscard]] std::string_view name_of(Missed missed) noexcept;
[[nodiscard]] std::string_view name_of(Overlap overlap) noexcept;

// When: parsed, and checked to come about at all.
class Timing {
 public:
  // "30 6 * * mon-fri", "@daily", "every 15m", "event run.failed". Throws Error{invalid}; intervals are at least a second.
  static Timing parse(const std::string& text, const std::string& zone);
  // The first time after `after`. Intervals count from `anchor`. None for events.
  [[nodiscard]] std::optional<Time> next(Time after, Time anchor) const;
  // The events that count, where times do not.
  [[nodiscard]] const std::optional<EventFilter>& event() const noexcept { return event_; }
  [[nodiscard]] static bool is_event(std::string_view text) noexcept;

 private:
  Timing(std::optional<Cron> cron, std::chrono::nanoseconds every, Zone zone)
      : cron_(std::move(cron)), every_(every), zone_(std::move(zone)) {}
  std::optional<EventFilter> event_;
  std::optional<Cron> cron_;
  std::chrono::nanoseconds every_;
  Zone zone_;
};

struct ScheduleSpec {
  std::string timing;
  std::string zone = "UTC";
  Missed missed = Missed::once;
  Overlap overlap = Overlap::skip;
  std::uint32_t most = 10;  // times that `missed: all` makes up for, events that may wait
  std::chrono::nanoseconds jitter{};
};

// A cron text, or a map {cron | every | event with source and data, zone, missed, most, overlap, jitter}: as a pipeline file and
// the API have it. Throws Error{invalid} that names the key.
[[nodiscard]] ScheduleSpec read_schedule_spec(const Node& node);
void check(const ScheduleSpec& spec);

struct Schedule {
  std::string name;
  Value request;  // what is started; jobs/core does not look into it
  ScheduleSpec spec;
  bool paused = false;
  std::string origin;  // the pipeline file that declares it, else empty
  Time created;
  std::optional<Time> next, last;  // without jitter
  std::string last_run, problem;
  std::string seen;  // the last event that was looked at; empty for one of times
};

[[nodiscard]] store::ScheduleRow row_of(const Schedule& schedule);
[[nodiscard]] Schedule schedule_of(const store::ScheduleRow& row);
// When a time of this schedule is kept.
[[nodiscard]] Time with_jitter(const Schedule& schedule, Time due);

}  // namespace mortise::jobs
