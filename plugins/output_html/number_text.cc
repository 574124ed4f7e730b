#include "output_html/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace mortise::plugins {
namespace {

std::string fixed(double number, int decimals) {
  std::array<char, 400> buffer;
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed, decimals);
  return {buffer.data(), end};
}

int usual_decimals(double magnitude) {
  if (magnitude >= 1000 || magnitude == 0) return 0;
  if (magnitude >= 100) return 1;
  if (magnitude >= 1) return 2;
  return 2 - static_cast<int>(std::floor(std::log10(magnitude)));
}

void group_thousands(std::string& digits) {
  const std::size_t whole = std::min(digits.find('.'), digits.size());
  if (whole < 5) return;
  for (std::size_t at = whole - 3; at > 0 && at < whole; at -= std::min<std::size_t>(at, 3)) digits.insert(at, ",");
}

void drop_zeros(std::string& digits) {
  if (digits.find('.') == std::string::npos) return;
  while (digits.back() == '0') digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
}

}  // namespace

std::string number_text(double number, std::optional<int> decimals) {
  if (std::isnan(number)) return "–";
  const double magnitude = std::abs(number);
  if (std::isinf(number)) return number < 0 ? "−∞" : "∞";
  std::string digits;
  if (magnitude >= 1e15 || (magnitude != 0 && magnitude < 1e-6)) {
    std::array<char, 64> buffer;
    digits.assign(
        buffer.data(),
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude, std::chars_format::scientific, 2).ptr);
  } else {
    digits = fixed(magnitude, decimals.value_or(usual_decimals(magnitude)));
    if (!decimals) drop_zeros(digits);
    group_thousands(digits);
  }
  const bool zero = digits.find_first_of("123456789") == std::string::npos;
  return number < 0 && !zero ? "−" + digits : digits;
}

int decimals_for(const std::vector<double>& numbers) {
  int most = 0;
  for (const double number : numbers) {
    if (!std::isfinite(number)) continue;
    int needed = 0;
    while (needed < 4 && std::abs(std::strtod(fixed(number, needed).c_str(), nullptr) - number) >
                             1e-9 * std::max(1.0, std::abs(number))) {
      ++needed;
    }
    if (needed == 4) needed = std::clamp(usual_decimals(std::abs(number)), 0, 6);
    most = std::max(most, needed);
  }
  return most;
}

double round_step(double step) {
  if (!(step > 0) || !std::isfinite(step)) return 1;
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= step * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace mortise::plugins
