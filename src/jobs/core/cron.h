// Cron: when a schedule of five fields is due, on the clock of a time zone.
//
//   ┌ minute 0-59   ┌ hour 0-23   ┌ day of month 1-31   ┌ month 1-12 or jan-dec   ┌ day of week 0-7 or sun-sat (0 and 7: Sunday)
//   30              6             *                     *                         mon-fri
//
// Each field is *, a number, a range (9-17), a list (1,15), and any of the first three with a step (*/15, 9-17/2). As in Vixie's
// cron a day fits when either day field fits, if both are restricted. @yearly, @annually, @monthly, @weekly, @daily, @midnight and
// @hourly stand for what they say.
//
// When a zone changes its clock: an hour field that begins with * follows time as it passes: nothing is left out or done twice.
// Any other means times of the clock: a time that the clock skips is due once, at the first moment after the gap; one that it
// shows twice is due the first time only.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "mortise/value.hpp"

namespace mortise::jobs {

class Zone {
 public:
  // An IANA name such as Europe/Berlin. Throws Error{not_found}.
  static Zone named(const std::string& name);
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  // A stretch of time in which the clock does not change: seconds since 1970, and the clock's distance from UTC.
  struct Stretch {
    std::int64_t begin, end;  // end: not within it
    std::int64_t offset;
  };
  [[nodiscard]] Stretch stretch_at(std::int64_t at) const;  // seconds since 1970

 private:
  Zone(std::string name, const void* rules) : name_(std::move(name)), rules_(rules) {}
  std::string name_;
  const void* rules_;  // lives as long as the process
};

class Cron {
 public:
  // Throws Error{invalid} that names the field, what is expected and what came.
  static Cron parse(std::string_view text);
  // The first time after `after` at which it is due; nothing when there is none within ten years (30 February).
  [[nodiscard]] std::optional<Time> next(Time after, const Zone& zone) const;

 private:
  [[nodiscard]] bool fits_day(std::int64_t days) const;
  // The first fitting minute in [from, end) of the clock.
  [[nodiscard]] std::optional<std::int64_t> first_fitting(std::int64_t from, std::int64_t end) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false, any_weekday_ = false, follows_time_ = false;
};

}  // namespace mortise::jobs
