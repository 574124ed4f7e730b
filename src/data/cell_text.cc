#include "data/cell_text.h"

#include <chrono>

namespace mortise::data {
namespace {

constexpr std::int64_t no_factor = 0;
__extension__ using UInt128 = unsigned __int128;

// Nanoseconds of one unit of 's', 'm', 'u', 'n'.
std::int64_t nanoseconds_of(char unit) noexcept {
  switch (unit) {
    case 's': return 1'000'000'000;
    case 'm': return 1'000'000;
    case 'u': return 1'000;
    case 'n': return 1;
    default: return no_factor;
  }
}

std::string padded(std::int64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

std::int64_t floor_rest(std::int64_t a, std::int64_t b) noexcept { return a % b + (a % b < 0 ? b : 0); }

}  // namespace

std::string date_text(std::int64_t days) {
  if (days < -12'000'000 || days > 11'000'000) return std::to_string(days);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  const int year = static_cast<int>(date.year());
  return (year < 0 ? "-" + padded(-year, 4) : padded(year, 4)) + '-' + padded(static_cast<unsigned>(date.month()), 2) +
         '-' + padded(static_cast<unsigned>(date.day()), 2);
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) noexcept { return a / b - (a % b < 0 ? 1 : 0); }

std::string clock_text(std::int64_t count, std::int64_t units_per_second) {
  const std::int64_t seconds = floor_divide(count, units_per_second);
  std::string text = padded(seconds / 3600, 2) + ':' + padded(seconds / 60 % 60, 2) + ':' + padded(seconds % 60, 2);
  const std::int64_t rest = floor_rest(count, units_per_second);
  if (rest != 0) text += '.' + padded(rest, std::to_string(units_per_second).size() - 1);
  return text;
}

Value timestamp_value(std::int64_t count, char unit) {
  std::int64_t nanoseconds = 0;
  const std::int64_t factor = nanoseconds_of(unit);
  if (!__builtin_mul_overflow(count, factor, &nanoseconds)) return Time{nanoseconds};
  const std::int64_t units_per_second = 1'000'000'000 / factor;
  const std::int64_t units_per_day = 86'400 * units_per_second;
  return date_text(floor_divide(count, units_per_day)) + 'T' +
         clock_text(floor_rest(count, units_per_day), units_per_second) + 'Z';
}

std::string decimal_text(Int128 number, int scale) {
  const bool negative = number < 0;
  UInt128 rest = negative ? -static_cast<UInt128>(number) : static_cast<UInt128>(number);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  if (scale > 0) {
    const auto decimals = static_cast<std::size_t>(scale);
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    digits.insert(digits.size() - decimals, 1, '.');
  } else if (number != 0) {
    digits.append(static_cast<std::size_t>(-scale), '0');
  }
  return negative ? "-" + digits : digits;
}

}  // namespace mortise::data
