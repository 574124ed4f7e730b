#include "base/clock.h"

#include <chrono>
#include <cstdio>

namespace mortise {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

struct Civil {
  std::int64_t second;    // since the epoch, rounded down
  std::int64_t fraction;  // nanoseconds, 0 to 999999999
};

Civil split(Time time) noexcept {
  std::int64_t second = time.nanoseconds / second_ns;
  std::int64_t fraction = time.nanoseconds % second_ns;
  if (fraction < 0) {
    fraction += second_ns;
    --second;
  }
  return {second, fraction};
}

std::string date_and_time(std::int64_t second) {
  using namespace std::chrono;
  const sys_seconds instant{seconds{second}};
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss clock{instant - day};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

// Takes exactly `digits` digits from the front; -1 when they are not there.
int take_number(std::string_view& text, std::size_t digits) noexcept {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_any_of(std::string_view& text, std::string_view wanted) noexcept {
  if (text.empty() || wanted.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Decimals after the point, at least one; -1 when there is none.
std::int64_t take_fraction(std::string_view& text) noexcept {
  std::int64_t value = 0;
  std::int64_t unit = second_ns / 10;
  std::size_t length = 0;
  for (; length < text.size() && text[length] >= '0' && text[length] <= '9'; ++length, unit /= 10) {
    value += (text[length] - '0') * unit;
  }
  text.remove_prefix(length);
  return length == 0 ? -1 : value;
}

// Seconds east of UTC.
std::optional<int> take_offset(std::string_view& text) noexcept {
  if (take_any_of(text, "Zz")) return 0;
  const bool west = !text.empty() && text.front() == '-';
  if (!take_any_of(text, "+-")) return std::nullopt;
  const int hours = take_number(text, 2);
  if (!take_any_of(text, ":")) return std::nullopt;
  const int minutes = take_number(text, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const int offset = hours * 3600 + minutes * 60;
  return west ? -offset : offset;
}

std::optional<Time> instant_of(std::int64_t second, std::int64_t fraction) noexcept {
  // A negative second counts from above, so that the first representable instants do not overflow on the way.
  if (second < 0 && fraction > 0) {
    ++second;
    fraction -= second_ns;
  }
  Time time;
  if (__builtin_mul_overflow(second, second_ns, &time.nanoseconds)) return std::nullopt;
  if (__builtin_add_overflow(time.nanoseconds, fraction, &time.nanoseconds)) return std::nullopt;
  return time;
}

}  // namespace

Time now() noexcept {
  using namespace std::chrono;
  return Time{duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count()};
}

std::string to_rfc3339(Time time) {
  const auto [second, fraction] = split(time);
  std::string text = date_and_time(second);
  if (fraction != 0) {
    char decimals[16];
    std::snprintf(decimals, sizeof decimals, ".%09lld", static_cast<long long>(fraction));
    std::string_view shown = decimals;
    while (shown.back() == '0') shown.remove_suffix(1);
    text += shown;
  }
  return text + "Z";
}

std::string to_rfc3339_milliseconds(Time time) {
  const auto [second, fraction] = split(time);
  char decimals[16];
  std::snprintf(decimals, sizeof decimals, ".%03dZ", static_cast<int>(fraction / 1'000'000));
  return date_and_time(second) + decimals;
}

std::optional<Time> parse_rfc3339(std::string_view text) noexcept {
  using namespace std::chrono;
  const int year = take_number(text, 4);
  if (!take_any_of(text, "-")) return std::nullopt;
  const int month = take_number(text, 2);
  if (!take_any_of(text, "-")) return std::nullopt;
  const int day = take_number(text, 2);
  if (year < 0 || month < 1 || day < 1 || !take_any_of(text, "Tt ")) return std::nullopt;
  const int hour = take_number(text, 2);
  if (!take_any_of(text, ":")) return std::nullopt;
  const int minute = take_number(text, 2);
  if (!take_any_of(text, ":")) return std::nullopt;
  const int second = take_number(text, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return std::nullopt;
  const std::int64_t fraction = take_any_of(text, ".") ? take_fraction(text) : 0;
  const std::optional<int> offset = take_offset(text);
  if (fraction < 0 || !offset || !text.empty()) return std::nullopt;

  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days_since_epoch = sys_days{date}.time_since_epoch().count();
  return instant_of(days_since_epoch * 86'400 + hour * 3'600 + minute * 60 + second - *offset, fraction);
}

}  // namespace mortise
