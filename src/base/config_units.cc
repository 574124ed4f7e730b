#include "base/config_units.h"

#include <array>
#include <cstdio>
#include <charconv>
#include <cmath>
#include <utility>

namespace mortise::config {
namespace {

// A number without sign at the front, which it takes off.
std::optional<double> take_number(std::string_view& text) noexcept {
  double value = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (problem != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<double> factor(std::string_view unit,
                             std::initializer_list<std::pair<std::string_view, double>> table) noexcept {
  for (const auto& [name, value] : table) {
    if (unit == name) return value;
  }
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> of_nanoseconds(double count) noexcept {
  constexpr double beyond = 9.2e18;  // 292 years, safely within an int64
  if (!(count >= 0) || count >= beyond) return std::nullopt;
  return std::chrono::nanoseconds(std::llround(count));
}

}  // namespace

std::optional<std::chrono::nanoseconds> duration_of_seconds(double seconds) noexcept {
  return of_nanoseconds(seconds * 1e9);
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  double sum = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789"));
    const auto one =
        factor(unit, {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}});
    if (!one) return std::nullopt;
    sum += *number * *one;
    text.remove_prefix(unit.size());
  }
  return of_nanoseconds(sum);
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  constexpr double ki = 1024;
  const auto one = factor(text, {{"", 1},
                                 {"B", 1},
                                 {"KB", 1e3},
                                 {"kB", 1e3},
                                 {"MB", 1e6},
                                 {"GB", 1e9},
                                 {"TB", 1e12},
                                 {"KiB", ki},
                                 {"MiB", ki * ki},
                                 {"GiB", ki * ki * ki},
                                 {"TiB", ki * ki * ki * ki},
                                 {"Ki", ki},
                                 {"Mi", ki * ki},
                                 {"Gi", ki * ki * ki},
                                 {"Ti", ki * ki * ki * ki}});
  constexpr double beyond = 9.2e18;
  if (!one || *number * *one >= beyond) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(*number * *one));
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units{"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < units.size(); ++unit) amount /= 1024;
  std::array<char, 32> text{};
  const bool whole = amount >= 100 || amount == std::floor(amount);
  std::snprintf(text.data(), text.size(), whole ? "%.0f %s" : "%.1f %s", amount, units.at(unit));
  return text.data();
}

}  // namespace mortise::config
