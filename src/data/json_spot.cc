#include "data/json_spot.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <vector>

#include "base/utf8.h"

namespace mortise::data {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Reads JSON without building anything. Stops at the first error by throwing a JsonSpot to its own callers below.
class Scanner {
 public:
  Scanner(std::string_view text, std::uint32_t max_depth) : text_(text), max_depth_(max_depth) {}

  std::function<void(std::size_t begin)> on_value;                         // start of each value (of its key in a map)
  std::function<bool(std::size_t begin, std::size_t end)> on_wild_number;  // true: go on

  void scan() {
    blanks();
    value(at_);
    blanks();
    if (at_ != text_.size()) wrong("the end of the text");
  }

 private:
  [[noreturn]] void wrong(std::string expected) const { throw JsonSpot{at_, std::move(expected)}; }
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  void blanks() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  // Containers are kept on a stack of their own, so that no text can exhaust the thread's.
  void value(std::size_t begin) {
    std::vector<char> open;
    for (;;) {
      if (on_value) on_value(begin);
      bool opened = false;
      if (peek() == '{' || peek() == '[') {
        if (open.size() >= max_depth_) wrong("at most " + std::to_string(max_depth_) + " levels of nesting");
        const char bracket = text_[at_++];
        blanks();
        if (peek() == (bracket == '{' ? '}' : ']')) {
          ++at_;
        } else {
          open.push_back(bracket);
          opened = true;
        }
      } else {
        scalar();
      }
      if (!opened && !after_value(open)) return;
      begin = at_;
      if (open.back() == '{') key();
    }
  }

  // Closes what ends here; true when another value follows.
  bool after_value(std::vector<char>& open) {
    while (!open.empty()) {
      blanks();
      const char close = open.back() == '{' ? '}' : ']';
      if (peek() == ',') {
        ++at_;
        blanks();
        return true;
      }
      if (peek() != close) wrong(std::string("',' or '") + close + "'");
      ++at_;
      open.pop_back();
    }
    return false;
  }

  void key() {
    if (peek() != '"') wrong("a key in quotes");
    string();
    blanks();
    if (peek() != ':') wrong("':'");
    ++at_;
    blanks();
  }

  void scalar() {
    const char c = peek();
    if (c == '"') return string();
    if (c == '-' || is_digit(c)) return number();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return;
      }
    }
    wrong("a value");
  }

  void string() {
    const std::size_t begin = at_++;
    for (;;) {
      if (at_ >= text_.size()) {
        at_ = begin;
        wrong("a string that ends with '\"'");
      }
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return;
      }
      if (c < 0x20) wrong("an escape such as \\n instead of a control character");
      if (c == '\\') {
        escape();
      } else {
        const std::size_t length = utf8_length(text_.substr(at_, 4));
        if (length == 0) wrong("UTF-8");
        at_ += length;
      }
    }
  }

  void escape() {
    const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (kind != 'u') {
      if (kind == '\0' || std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) {
        wrong("an escape such as \\n or \\u0041");
      }
      at_ += 2;
      return;
    }
    const std::uint32_t unit = hex_unit();
    if (unit >= 0xD800 && unit < 0xE000) {
      if (unit >= 0xDC00 || !text_.substr(at_ + 6).starts_with("\\u")) wrong("a pair of surrogates");
      const std::size_t first = at_;
      at_ += 6;
      const std::uint32_t low = hex_unit();
      at_ = first;
      if (low < 0xDC00 || low >= 0xE000) wrong("a pair of surrogates");
      at_ += 6;
    }
    at_ += 6;
  }

  [[nodiscard]] std::uint32_t hex_unit() const {
    std::uint32_t unit = 0;
    const std::string_view digits = text_.size() >= at_ + 6 ? text_.substr(at_ + 2, 4) : std::string_view();
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (failure != std::errc{} || digits.size() != 4 || end != digits.data() + 4) {
      wrong("four hexadecimal digits after \\u");
    }
    return unit;
  }

  void number() {
    const std::size_t begin = at_;
    if (peek() == '-') ++at_;
    if (!is_digit(peek())) wrong("a digit");
    const bool zero = peek() == '0';
    const std::size_t whole = at_;
    digits();
    if (zero && at_ - whole > 1) {
      at_ = whole;
      wrong("a number without leading zeros");
    }
    bool real = false;
    if (peek() == '.') {
      real = true;
      ++at_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      real = true;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits();
    }
    if (fits(text_.substr(begin, at_ - begin), real)) return;
    if (on_wild_number && on_wild_number(begin, at_)) return;
    at_ = begin;
    wrong(real ? "a number within the range of float64" : "an integer within the range of int64");
  }

  void digits() {
    if (!is_digit(peek())) wrong("a digit");
    while (is_digit(peek())) ++at_;
  }

  static bool fits(std::string_view text, bool real) noexcept {
    if (!real) {
      std::int64_t integer = 0;
      return std::from_chars(text.data(), text.data() + text.size(), integer).ec == std::errc{};
    }
    double number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{}) return true;
    return !overflows(text);  // else it is too small, which is 0
  }

  // Of a number that float64 cannot hold: whether it is too large (and not too small).
  static bool overflows(std::string_view text) noexcept {
    if (text.front() == '-') text.remove_prefix(1);
    const std::size_t exponent_at = text.find_first_of("eE");
    long exponent = 0;
    if (exponent_at != std::string_view::npos) {
      std::string_view digits = text.substr(exponent_at + 1);
      const bool negative = digits.front() == '-';
      if (digits.front() == '+' || negative) digits.remove_prefix(1);
      if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec != std::errc{}) return !negative;
      exponent = std::min(exponent, 1L << 40);  // beyond the length of any text
      if (negative) exponent = -exponent;
    }
    const std::string_view mantissa = text.substr(0, exponent_at);
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    const std::size_t leading = mantissa.find_first_not_of("0.");
    if (leading == std::string_view::npos) return false;
    return static_cast<long>(point) - static_cast<long>(leading) + exponent > 0;
  }

  std::string_view text_;
  std::uint32_t max_depth_;
  std::size_t at_ = 0;
};

std::string shown(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "the end of the text";
  const auto c = static_cast<unsigned char>(text[offset]);
  const std::size_t length = utf8_length(text.substr(offset, 4));
  if (c >= 0x20 && c != 0x7F && length > 0) return "'" + std::string(text.substr(offset, length)) + "'";
  constexpr std::string_view hex = "0123456789abcdef";
  return std::string("the byte 0x") + hex[c >> 4] + hex[c & 15];
}

}  // namespace

std::optional<JsonSpot> find_json_error(std::string_view text, std::uint32_t max_depth) {
  try {
    Scanner(text, max_depth).scan();
  } catch (const JsonSpot& spot) {
    return spot;
  }
  return std::nullopt;
}

std::size_t find_json_value(std::string_view text, std::uint64_t ordinal) {
  Scanner scanner(text, ~std::uint32_t{0});
  std::uint64_t seen = 0;
  scanner.on_value = [&](std::size_t begin) {
    if (seen++ == ordinal) throw JsonSpot{begin, {}};
  };
  try {
    scanner.scan();
  } catch (const JsonSpot& spot) {
    return spot.offset;
  }
  return text.size();
}

bool blank_wild_numbers(std::string& text) {
  bool found = false;
  Scanner scanner(text, ~std::uint32_t{0});
  scanner.on_wild_number = [&](std::size_t begin, std::size_t end) {
    text[begin] = '0';
    for (std::size_t i = begin + 1; i < end; ++i) text[i] = ' ';
    return found = true;
  };
  try {
    scanner.scan();
  } catch (const JsonSpot&) {
    // What else is wrong with it shows when it is parsed again.
  }
  return found;
}

Error json_error(std::string_view what, std::string_view text, const JsonSpot& spot) {
  const std::string got = shown(text, spot.offset);
  return json_error_at(what, text, spot.offset, "expected " + spot.expected + ", got " + got)
      .with("expected", spot.expected)
      .with("got", got);
}

Error json_error_at(std::string_view what, std::string_view text, std::size_t offset, const std::string& message) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : text.substr(0, offset)) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++column;  // characters, not bytes
    if (c == '\n') {
      ++line;
      column = 1;
    }
  }
  return Error(Code::invalid, std::string(what) + ", line " + std::to_string(line) + ", column " +
                                  std::to_string(column) + ": " + message)
      .with("line", std::to_string(line))
      .with("column", std::to_string(column));
}

}  // namespace mortise::data
