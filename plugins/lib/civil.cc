#include "lib/civil.h"

#include <chrono>
#include <cstdio>

namespace mortise::plugins {
namespace {

// Two or four digits at `at`, or -1.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int number = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

bool is_at(std::string_view text, std::size_t at, char wanted) { return at < text.size() && text[at] == wanted; }

// The offset in seconds after the clock, or nothing when it is malformed.
std::optional<int> parse_offset(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = digits(text, 1, 2);
  const int minutes = digits(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const int seconds = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<std::int32_t> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  if (year < 1 || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::sys_days{date}.time_since_epoch().count());
}

std::optional<Instant> parse_time(std::string_view text) {
  if (text.size() < 16 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':') return std::nullopt;
  const auto date = parse_date(text.substr(0, 10));
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  if (!date || hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  std::size_t at = 16;
  int second = 0;
  Instant instant;
  if (is_at(text, at, ':')) {
    second = digits(text, at + 1, 2);
    if (second < 0 || second > 59) return std::nullopt;
    at += 3;
    if (is_at(text, at, '.')) {
      for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
        if (++instant.decimals > 9) return std::nullopt;
        instant.nanoseconds = instant.nanoseconds * 10 + (text[at] - '0');
      }
      if (instant.decimals == 0) return std::nullopt;
      for (int i = instant.decimals; i < 9; ++i) instant.nanoseconds *= 10;
    }
  }
  instant.seconds = std::int64_t{*date} * 86'400 + hour * 3600 + minute * 60 + second;
  if (at == text.size()) return instant;
  const auto offset = parse_offset(text.substr(at));
  if (!offset) return std::nullopt;
  instant.seconds -= *offset;
  instant.zoned = true;
  return instant;
}

std::string format_date(std::int32_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return buffer;
}

std::string format_time(std::int64_t seconds, std::int32_t nanoseconds) {
  std::int64_t days = seconds / 86'400;
  std::int64_t rest = seconds % 86'400;
  if (rest < 0) {
    rest += 86'400;
    --days;
  }
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "T%02d:%02d:%02d", static_cast<int>(rest / 3600),
                static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  std::string text = format_date(static_cast<std::int32_t>(days)) + buffer;
  if (nanoseconds != 0) {
    std::snprintf(buffer, sizeof buffer, ".%09d", nanoseconds);
    std::string decimals = buffer;
    while (decimals.back() == '0') decimals.pop_back();
    text += decimals;
  }
  return text;
}

}  // namespace mortise::plugins
