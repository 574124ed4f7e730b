#include "input_file/csv_numbers.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "lib/text_type.h"

namespace mortise::plugins {
namespace {

unsigned digit(char c) { return static_cast<unsigned char>(c) - static_cast<unsigned>('0'); }

// All `count` digits at `text`, or -1.
int digits(const char* text, int count) {
  int number = 0;
  for (int i = 0; i < count; ++i) {
    const unsigned d = digit(text[i]);
    if (d > 9) return -1;
    number = number * 10 + static_cast<int>(d);
  }
  return number;
}

// The days of a date of the proleptic Gregorian calendar, counted in eras of 400 years that begin in March.
std::int32_t days_of(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year;
  const int era = y / 400;
  const int year_of_era = y - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

int last_day(int year, int month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// "-12.5" of at most 15 digits in all: its digits fit float64, and so does the power of ten, so one division is exact.
bool parse_short_real(std::string_view text, double& out) {
  const bool negative = !text.empty() && text[0] == '-';
  std::size_t at = negative ? 1 : 0;
  if (text.size() - at > 16 || text.size() == at) return false;
  const std::size_t begin = at;
  std::int64_t mantissa = 0;
  while (at < text.size() && digit(text[at]) <= 9) mantissa = mantissa * 10 + digit(text[at++]);
  const std::size_t whole = at - begin;
  if (whole == 0 || (whole > 1 && text[begin] == '0') || at == text.size() || text[at] != '.') return false;
  const std::size_t point = at++;
  while (at < text.size() && digit(text[at]) <= 9) mantissa = mantissa * 10 + digit(text[at++]);
  const std::size_t decimals = at - point - 1;
  if (at != text.size() || whole + decimals > 15) return false;
  out = static_cast<double>(mantissa) / powers[decimals];
  if (negative) out = -out;
  return true;
}

}  // namespace

bool parse_integer(std::string_view text, std::int64_t& out) noexcept {
  const bool negative = !text.empty() && text[0] == '-';
  const std::size_t sign = negative ? 1 : 0;
  const std::size_t count = text.size() - sign;
  if (count == 0 || count > 19) return false;
  if (text[sign] == '0' && text.size() > 1) return false;  // "007", "-0"
  std::uint64_t number = 0;
  for (std::size_t i = sign; i < text.size(); ++i) {
    const unsigned d = digit(text[i]);
    if (d > 9) return false;
    number = number * 10 + d;  // 19 digits fit 64 bits
  }
  constexpr auto largest = static_cast<std::uint64_t>(INT64_MAX);
  if (number > largest + (negative ? 1 : 0)) return false;
  out = static_cast<std::int64_t>(negative ? 0 - number : number);
  return true;
}

bool parse_wanted_integer(std::string_view text, std::int64_t& out) noexcept {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

bool parse_wanted_real(std::string_view text, double& out) noexcept {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const bool number = !text.empty() && (digit(text.back()) <= 9 || text.back() == '.');  // not "nan"
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return number && error == std::errc() && end == text.data() + text.size();
}

RealText parse_real(std::string_view text, double& out, bool& rounded) noexcept {
  if (parse_short_real(text, out)) return RealText::number;
  std::int64_t integer = 0;
  if (parse_integer(text, integer)) {
    out = static_cast<double>(integer);
    constexpr std::int64_t exact = std::int64_t{1} << 53;
    return integer > exact || integer < -exact ? RealText::wide_integer : RealText::number;
  }
  const auto real = read_real(text);
  if (!real) return RealText::no;
  out = real->value;
  rounded = !real->exact;
  if (!std::isfinite(real->value)) return RealText::infinite;
  return real->integer && real->value != 0 ? RealText::wide_integer : RealText::number;
}

bool parse_iso_date(std::string_view text, std::int32_t& days) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int year = digits(text.data(), 4);
  const int month = digits(text.data() + 5, 2);
  const int day = digits(text.data() + 8, 2);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > last_day(year, month)) return false;
  days = days_of(year, month, day);
  return true;
}

bool parse_iso_seconds(std::string_view text, std::int64_t& seconds) noexcept {
  if (text.size() != 19 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':') return false;
  std::int32_t days = 0;
  if (!parse_iso_date(text.substr(0, 10), days)) return false;
  const int hour = digits(text.data() + 11, 2);
  const int minute = digits(text.data() + 14, 2);
  const int second = digits(text.data() + 17, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
  seconds = std::int64_t{days} * 86'400 + hour * 3600 + minute * 60 + second;
  return true;
}

}  // namespace mortise::plugins
