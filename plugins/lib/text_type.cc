#include "lib/text_type.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/civil.h"

namespace mortise::plugins {
namespace {

constexpr std::array<std::pair<ColumnType, std::string_view>, 7> names{{
    {ColumnType::text, "text"},
    {ColumnType::integer, "int64"},
    {ColumnType::real, "float64"},
    {ColumnType::boolean, "bool"},
    {ColumnType::date, "date"},
    {ColumnType::time, "timestamp"},
    {ColumnType::zoned_time, "timestamp_utc"},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) ++count;
  return count;
}

// The shape of a number: -?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]+)? where ".5" is allowed too.
struct Shape {
  bool number = false;
  bool integer = false;
  int significant = 0;  // digits without leading zeros and without zeros that end the decimals
};

Shape shape_of(std::string_view text) {
  Shape shape;
  std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const std::size_t whole = count_digits(text, at);
  if (whole > 1 && text[at] == '0') return shape;
  std::size_t digits = whole;
  const bool only_zero = whole == 1 && text[at] == '0';
  at += whole;
  std::size_t leading = only_zero ? 1 : 0;
  std::size_t trailing = 0;
  shape.integer = true;
  if (at < text.size() && text[at] == '.') {
    const std::size_t decimals = count_digits(text, ++at);
    if (only_zero || whole == 0) {
      std::size_t zeros = 0;
      while (zeros < decimals && text[at + zeros] == '0') ++zeros;
      leading += zeros;
    }
    digits += decimals;
    at += decimals;
    for (std::size_t i = at; i > at - decimals && text[i - 1] == '0'; --i) ++trailing;
    shape.integer = false;
  }
  if (digits == 0) return shape;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = count_digits(text, at);
    if (exponent == 0) return shape;
    at += exponent;
    shape.integer = false;
  }
  shape.number = at == text.size();
  shape.significant = static_cast<int>(digits) - static_cast<int>(leading) - static_cast<int>(trailing);
  return shape;
}

std::optional<double> read_infinity(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  if (text != "inf" && text != "Inf" && text != "Infinity") return std::nullopt;
  return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

// Beyond it float64 cannot tell an integer from its neighbour.
constexpr std::int64_t exact_limit = std::int64_t{1} << 53;

}  // namespace

std::string_view name_of(ColumnType type) noexcept {
  for (const auto& [candidate, name] : names) {
    if (candidate == type) return name;
  }
  return "unknown";
}

std::optional<ColumnType> column_type_named(std::string_view name) noexcept {
  constexpr std::array<std::pair<std::string_view, ColumnType>, 11> others{{
      {"string", ColumnType::text},
      {"str", ColumnType::text},
      {"int", ColumnType::integer},
      {"integer", ColumnType::integer},
      {"float", ColumnType::real},
      {"double", ColumnType::real},
      {"number", ColumnType::real},
      {"boolean", ColumnType::boolean},
      {"date32", ColumnType::date},
      {"time", ColumnType::time},
      {"datetime", ColumnType::time},
  }};
  for (const auto& [type, known] : names) {
    if (known == name) return type;
  }
  for (const auto& [known, type] : others) {
    if (known == name) return type;
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(std::string_view text) noexcept {
  const std::size_t sign = !text.empty() && text[0] == '-' ? 1 : 0;
  if (text.size() == sign || text.size() > 20) return std::nullopt;
  if (text[sign] == '0' && text.size() > 1) return std::nullopt;  // "007" and "-0"
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Real> read_real(std::string_view text) noexcept {
  const Shape shape = shape_of(text);
  Real real;
  if (!shape.number) {
    const auto infinity = read_infinity(text);
    if (!infinity) return std::nullopt;
    real.value = *infinity;
    return real;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), real.value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  real.integer = shape.integer;
  real.exact = shape.significant <= 15 || (shape.significant <= 17 && [&] {
                 // Sixteen or seventeen digits: exact enough when the shortest text of the double has the same digits.
                 char buffer[40];
                 const auto last = std::to_chars(buffer, buffer + sizeof buffer, real.value).ptr;
                 const auto digits = [](std::string_view number) {
                   std::string only;
                   for (const char c : number.substr(0, number.find_first_of("eE"))) {
                     if (is_digit(c) && (!only.empty() || c != '0')) only += c;
                   }
                   while (!only.empty() && only.back() == '0') only.pop_back();
                   return only;
                 };
                 return digits(text) == digits({buffer, static_cast<std::size_t>(last - buffer)});
               }());
  return real;
}

std::optional<bool> read_boolean(std::string_view text) noexcept {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

void TextType::add(std::string_view text) {
  any_ = true;
  text = trimmed(text);
  if (integer_ || real_) add_number(text);
  if (boolean_ && !read_boolean(text)) boolean_ = false;
  if (date_ || time_ || zoned_) add_time(text);
  if (layouts_.possible()) layouts_.add(text);
}

void TextType::add_number(std::string_view text) {
  if (const auto integer = read_integer(text)) {
    plain_number_ = true;
    if (*integer < -exact_limit || *integer > exact_limit) real_ = false;
    return;
  }
  integer_ = false;
  const auto real = real_ ? read_real(text) : std::nullopt;
  if (!real || (real->integer && real->value != 0)) {  // "-0" is a float64; twenty digits are not
    real_ = false;
    return;
  }
  if (std::isfinite(real->value)) plain_number_ = true;
  if (!real->exact) ++rounded_;
}

void TextType::add_time(std::string_view text) {
  if (const auto day = parse_date(text)) {
    zoned_ = false;
    constexpr std::int32_t farthest_day = 106'750;
    if (*day > farthest_day || *day < -farthest_day) far_ = true;
    return;  // a date is a time at midnight where other rows are times
  }
  date_ = false;
  const auto instant = time_ || zoned_ ? parse_time(text) : std::nullopt;
  if (!instant) {
    time_ = zoned_ = false;
    return;
  }
  (instant->zoned ? time_ : zoned_) = false;
  decimals_ = std::max(decimals_, instant->decimals);
  constexpr std::int64_t farthest = 9'223'372'035;  // seconds
  if (instant->seconds > farthest || instant->seconds < -farthest) far_ = true;
}

ColumnType TextType::type() const noexcept {
  if (!any_) return ColumnType::text;
  if (integer_) return ColumnType::integer;
  if (real_ && plain_number_) return ColumnType::real;
  if (boolean_) return ColumnType::boolean;
  if (date_) return ColumnType::date;
  if (far_ && decimals_ > 6) return ColumnType::text;
  if (time_) return ColumnType::time;
  if (zoned_) return ColumnType::zoned_time;
  if (const auto known = layouts_.verdict().layout) {
    const DateLayout& layout = known_layouts()[*known];
    if (layout.has_zone()) return ColumnType::zoned_time;
    return layout.has_time() ? ColumnType::time : ColumnType::date;
  }
  return ColumnType::text;
}

std::optional<std::size_t> TextType::layout() const noexcept {
  if (!any_ || integer_ || (real_ && plain_number_) || boolean_ || date_ || time_ || zoned_) return std::nullopt;
  return layouts_.verdict().layout;
}

void TextType::merge(const TextType& other) noexcept {
  if (!other.any_) return;
  any_ = true;
  integer_ = integer_ && other.integer_;
  real_ = real_ && other.real_;
  boolean_ = boolean_ && other.boolean_;
  date_ = date_ && other.date_;
  time_ = time_ && other.time_;
  zoned_ = zoned_ && other.zoned_;
  plain_number_ = plain_number_ || other.plain_number_;
  rounded_ += other.rounded_;
  decimals_ = std::max(decimals_, other.decimals_);
  far_ = far_ || other.far_;
  layouts_.merge(other.layouts_);
}

TextType TextType::of(const Known& known) noexcept {
  TextType made;
  if (!known.any) return made;
  made.any_ = true;
  made.integer_ = known.type == ColumnType::integer;
  made.real_ = known.type == ColumnType::real || (made.integer_ && !known.wide);
  made.boolean_ = known.type == ColumnType::boolean;
  made.date_ = known.type == ColumnType::date && !known.layout;
  made.time_ = made.date_ || (known.type == ColumnType::time && !known.layout);
  made.zoned_ = known.type == ColumnType::zoned_time && !known.layout;
  made.plain_number_ = known.finite;
  made.rounded_ = known.rounded;
  made.decimals_ = known.decimals;
  made.far_ = known.far;
  if (known.layout) {
    made.layouts_.only(*known.layout);
  } else {
    made.layouts_.rule_out();
  }
  return made;
}

}  // namespace mortise::plugins
