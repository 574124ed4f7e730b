#include "dialects/mimir/go_tokens.h"

#include <algorithm>
#include <optional>

namespace mortise::dialects::mimir {
namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0; }
bool digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  explicit Reader(std::string_view source) : source_(source) {}

  std::vector<Token> all() {
    std::vector<Token> tokens;
    while (auto token = next()) tokens.push_back(std::move(*token));
    return tokens;
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }

  char take() {
    const char c = source_[at_++];
    if (c == '\n') ++line_;
    return c;
  }

  void skip_blank() {
    while (at_ < source_.size()) {
      const char c = peek();
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        take();
      } else if (c == '/' && peek(1) == '/') {
        while (at_ < source_.size() && peek() != '\n') take();
      } else if (c == '/' && peek(1) == '*') {
        take();
        take();
        while (at_ < source_.size() && !(peek() == '*' && peek(1) == '/')) take();
        at_ = std::min(at_ + 2, source_.size());
      } else {
        return;
      }
    }
  }

  std::optional<Token> next() {
    skip_blank();
    if (at_ >= source_.size()) return std::nullopt;
    const std::uint32_t line = line_;
    const char c = peek();
    if (letter(c)) return Token{Token::Kind::word, run(), line};
    if (digit(c)) return Token{Token::Kind::number, run(), line};
    if (c == '"' || c == '\'') return quoted(take(), line);
    if (c == '`') return raw(line);
    return Token{Token::Kind::sign, std::string(1, take()), line};
  }

  std::string run() {
    std::string text;
    while (letter(peek()) || digit(peek())) text += take();
    return text;
  }

  // Escapes are kept as they are, but for quotes and backslashes: names of plugins have no others.
  std::optional<Token> quoted(char quote, std::uint32_t line) {
    std::string text;
    while (at_ < source_.size() && peek() != '\n') {
      const char c = take();
      if (c == quote) return Token{quote == '"' ? Token::Kind::text : Token::Kind::number, text, line};
      if (c == '\\' && (peek() == '"' || peek() == '\\' || peek() == '\'')) {
        text += take();
      } else {
        text += c;
      }
    }
    return std::nullopt;
  }

  std::optional<Token> raw(std::uint32_t line) {
    std::string text;
    take();
    while (at_ < source_.size()) {
      const char c = take();
      if (c == '`') return Token{Token::Kind::text, text, line};
      if (c != '\r') text += c;
    }
    return std::nullopt;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace

std::vector<Token> go_tokens(std::string_view source) { return Reader(source).all(); }

}  // namespace mortise::dialects::mimir
