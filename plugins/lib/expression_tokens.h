// The words of an expression, one at a time, each with its place. A part of expression.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mortise::plugins {

struct Token {
  enum class Kind { end, number, text, word, column, symbol };
  Kind kind = Kind::end;
  std::string text;          // of a text: its content; of a column in back-quotes: its name
  std::size_t position = 0;  // counted from 1
};

class Tokens {
 public:
  // Both must outlive the tokens. `key` begins every error.
  Tokens(std::string_view text, const std::string& key) : text_(text), key_(key) { advance(); }

  [[nodiscard]] const Token& now() const noexcept { return token_; }
  void advance();

  [[nodiscard]] bool is_symbol(std::string_view symbol) const;
  [[nodiscard]] bool is_keyword(std::string_view word) const;  // letter case does not count
  bool take_symbol(std::string_view symbol);
  bool take_keyword(std::string_view word);
  void expect_symbol(std::string_view symbol);

  // Error{invalid} that shows the place.
  [[noreturn]] void fail(const std::string& expected) const;  // got: the present token
  [[noreturn]] void fail_at(std::size_t position, const std::string& expected, const std::string& got) const;

 private:
  void read_number();
  void read_text(char quote);
  void read_quoted_column();
  void read_word();
  void read_symbol();

  std::string_view text_;
  const std::string& key_;
  std::size_t at_ = 0;
  Token token_;
};

[[nodiscard]] bool is_word_start(char c) noexcept;
[[nodiscard]] bool is_digit(char c) noexcept;
[[nodiscard]] std::string lower_case(std::string text);  // ASCII letters

}  // namespace mortise::plugins
