// JSON by RFC 8259, strictly: no comments, no trailing commas, nothing after the value. Written here because a reader of
// configuration wants what the fast parsers do not give: the line and column of every node, errors that say what was
// expected, duplicate keys refused and integers kept whole.
#include <algorithm>
#include <charconv>
#include <optional>

#include "base/config_store.h"
#include "base/config_text.h"
#include "base/utf8.h"

namespace mortise {
namespace {

using config::Builder;
using config::Place;
using config::Scalar;
using config::shown_character;

class JsonReader {
 public:
  JsonReader(std::string_view text, Builder& builder) : rest_(text), builder_(builder) {}

  void read_document() {
    skip_blanks();
    read_value();
    skip_blanks();
    if (!rest_.empty()) fail("expected the end of the file after the value");
  }

 private:
  // Nested values recurse; begin_list and begin_map stop at the limit before that.
  void read_value() {
    const char c = peek();
    if (c == '{') return read_object();
    if (c == '[') return read_array();
    const Place place = place_;
    if (c == '"') {
      std::string text = read_string();
      builder_.scalar({Node::Kind::string, false, 0, 0}, std::move(text), place);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      read_number();
    } else if (take_word("true")) {
      builder_.scalar({Node::Kind::boolean, true, 0, 0}, "true", place);
    } else if (take_word("false")) {
      builder_.scalar({Node::Kind::boolean, false, 0, 0}, "false", place);
    } else if (take_word("null")) {
      builder_.scalar({}, "null", place);
    } else {
      fail("expected a value", "strings need double quotes; literals are true, false and null");
    }
  }

  void read_object() {
    builder_.begin_map(place_);
    advance(1);
    skip_blanks();
    if (peek() != '}') {
      do {
        skip_blanks();
        const Place place = place_;
        if (peek() != '"') fail("expected a key in double quotes");
        builder_.key(read_string(), place);
        skip_blanks();
        if (!take(':')) fail("expected ':' after the key");
        skip_blanks();
        read_value();
        skip_blanks();
      } while (take(','));
    }
    if (!take('}')) fail("expected ',' or '}' after a member");
    builder_.end();
  }

  void read_array() {
    builder_.begin_list(place_);
    advance(1);
    skip_blanks();
    if (peek() != ']') {
      do {
        skip_blanks();
        read_value();
        skip_blanks();
      } while (take(','));
    }
    if (!take(']')) fail("expected ',' or ']' after an item");
    builder_.end();
  }

  void read_number() {
    const std::size_t length = number_length();
    const std::string_view text = rest_.substr(0, length);
    const bool whole = text.find_first_of(".eE") == std::string_view::npos;
    Scalar value;
    value.kind = whole ? Node::Kind::integer : Node::Kind::number;
    const char* end = text.data() + text.size();
    const auto result =
        whole ? std::from_chars(text.data(), end, value.integer) : std::from_chars(text.data(), end, value.number);
    if (result.ec != std::errc{}) {
      throw builder_.problem(place_, "the number " + std::string(text.substr(0, 80)) + " does not fit into 64 bits",
                             "write it in quotes to keep it as text");
    }
    builder_.scalar(value, std::string(text), place_);
    advance(length);
  }

  // The length of the number at the front, by the grammar: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
  std::size_t number_length() {
    std::size_t at = rest_.front() == '-' ? 1 : 0;
    const auto digits = [&] {
      const std::size_t start = at;
      while (at < rest_.size() && rest_[at] >= '0' && rest_[at] <= '9') ++at;
      return at - start;
    };
    const std::size_t first = at;
    const std::size_t whole = digits();
    if (whole == 0) fail("a number has no digits");
    if (whole > 1 && rest_[first] == '0') fail("a number begins with 0", "leave the leading zero out");
    if (at < rest_.size() && rest_[at] == '.') {
      ++at;
      if (digits() == 0) fail("a number has no digits after its point");
    }
    if (at < rest_.size() && (rest_[at] == 'e' || rest_[at] == 'E')) {
      ++at;
      if (at < rest_.size() && (rest_[at] == '+' || rest_[at] == '-')) ++at;
      if (digits() == 0) fail("a number has no digits in its exponent");
    }
    return at;
  }

  std::string read_string() {
    const Place start = place_;
    advance(1);
    std::string text;
    for (;;) {
      const std::size_t plain = rest_.find_first_of("\"\\\n\t");
      if (plain == std::string_view::npos) {
        throw builder_.syntax(start, "the string that begins here is never closed", "close it with \"");
      }
      text += rest_.substr(0, plain);
      advance(plain);
      if (take('"')) return text;
      if (peek() != '\\') fail("a string goes over the end of its line or holds a tab", "write \\n or \\t");
      read_escape(text);
    }
  }

  void read_escape(std::string& text) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const std::size_t known = rest_.size() > 1 ? letters.find(rest_[1]) : std::string_view::npos;
    if (known != std::string_view::npos) {
      text += meanings[known];
      return advance(2);
    }
    std::uint32_t code = code_unit();
    if (code >= 0xDC00 && code <= 0xDFFF) fail("half of a surrogate pair");
    advance(6);
    if (code >= 0xD800 && code <= 0xDBFF) {
      const std::uint32_t low = code_unit();
      if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
      advance(6);
    }
    append_utf8(text, code);
  }

  // The XXXX of the \uXXXX at the front.
  std::uint32_t code_unit() {
    std::uint32_t code = 0;
    if (rest_.substr(0, 2) != "\\u" || rest_.size() < 6)
      fail("an unknown escape in a string", "known are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    const auto [end, problem] = std::from_chars(rest_.data() + 2, rest_.data() + 6, code, 16);
    if (problem != std::errc{} || end != rest_.data() + 6) fail("\\u needs four hexadecimal digits");
    return code;
  }

  [[nodiscard]] char peek() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    advance(1);
    return true;
  }
  bool take_word(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    advance(word.size());
    return true;
  }
  void skip_blanks() { advance(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }
  void advance(std::size_t bytes) {
    for (const char c : rest_.substr(0, bytes)) {
      if (c == '\n') {
        ++place_.line;
        place_.column = 1;
      } else if (static_cast<unsigned char>(c) >> 6U != 2) {
        ++place_.column;
      }
    }
    rest_.remove_prefix(bytes);
  }

  [[noreturn]] void fail(const std::string& message, std::string hint = {}) const {
    throw builder_.syntax(place_, message + ", got " + shown_character(rest_), std::move(hint))
        .with("got", shown_character(rest_));
  }

  std::string_view rest_;
  Builder& builder_;
  Place place_{1, 1};
};

}  // namespace

Node parse_json_config(std::string_view text, std::string file) {
  const config::Text source(text, file);
  Builder builder(std::move(file), "JSON");
  JsonReader(source.all(), builder).read_document();
  return builder.finish();
}

}  // namespace mortise
