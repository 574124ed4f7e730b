#include "base/config_scalar.h"

#include <charconv>
#include <limits>
#include <optional>

namespace mortise::config {
namespace {

using Kind = Node::Kind;

bool is_any_of(std::string_view text, std::initializer_list<std::string_view> words) noexcept {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

std::size_t count_digits(std::string_view text) noexcept {
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  return count;
}

Error too_large(std::string_view text, const char* what, const char* way_out) {
  return Error(Code::invalid, "the number " + std::string(text.substr(0, 80)) + " does not fit into " + what, way_out)
      .with("expected", what)
      .with("got", std::string(text.substr(0, 80)));
}

template <typename... Base>
std::int64_t to_integer(std::string_view whole, std::string_view digits, Base... base) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base...);
  if (problem != std::errc{}) throw too_large(whole, "an integer of 64 bits", "write it in quotes to keep it as text");
  return value;
}

std::optional<std::int64_t> as_integer(std::string_view text) {
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
    const std::string_view digits = text.substr(2);
    const std::string_view allowed = text[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
    if (digits.find_first_not_of(allowed) != std::string_view::npos) return std::nullopt;
    return to_integer(text, digits, text[1] == 'x' ? 16 : 8);
  }
  const bool sign = !text.empty() && (text.front() == '+' || text.front() == '-');
  const std::string_view digits = text.substr(sign ? 1 : 0);
  if (digits.empty() || count_digits(digits) != digits.size()) return std::nullopt;
  return to_integer(text, text.front() == '+' ? digits : text);
}

bool looks_like_float(std::string_view text) noexcept {
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  const std::size_t whole = count_digits(text);
  text.remove_prefix(whole);
  std::size_t decimals = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    decimals = count_digits(text);
    text.remove_prefix(decimals);
  }
  if (whole + decimals == 0) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) text.remove_prefix(1);
  return !text.empty() && count_digits(text) == text.size();
}

std::optional<double> as_float(std::string_view text) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (is_any_of(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"})) return infinity;
  if (is_any_of(text, {"-.inf", "-.Inf", "-.INF"})) return -infinity;
  if (is_any_of(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  if (!looks_like_float(text)) return std::nullopt;
  double value = 0;
  const std::string_view number = text.substr(text.front() == '+' ? 1 : 0);
  const auto [end, problem] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (problem != std::errc{}) throw too_large(text, "a float of 64 bits", "write it in quotes to keep it as text");
  return value;
}

}  // namespace

Scalar string_scalar() noexcept { return Scalar{Kind::string, false, 0, 0}; }

Scalar typed_scalar(std::string_view text) {
  if (is_any_of(text, {"", "~", "null", "Null", "NULL"})) return Scalar{};
  if (is_any_of(text, {"true", "True", "TRUE"})) return Scalar{Kind::boolean, true, 0, 0};
  if (is_any_of(text, {"false", "False", "FALSE"})) return Scalar{Kind::boolean, false, 0, 0};
  if (const auto integer = as_integer(text)) return Scalar{Kind::integer, false, *integer, 0};
  if (const auto number = as_float(text)) return Scalar{Kind::number, false, 0, *number};
  return string_scalar();
}

}  // namespace mortise::config
