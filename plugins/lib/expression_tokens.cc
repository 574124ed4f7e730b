#include "lib/expression_tokens.h"

#include <algorithm>
#include <utility>

#include "mortise/error.hpp"

namespace mortise::plugins {

bool is_word_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void Tokens::fail(const std::string& expected) const {
  const std::string got = token_.kind == Token::Kind::end ? "the end" : "'" + token_.text + "'";
  fail_at(token_.position, expected, got);
}
void Tokens::fail_at(std::size_t position, const std::string& expected, const std::string& got) const {
  // The text around the place, cut at characters of UTF-8.
  const std::size_t at = std::min(position - 1, text_.size());
  std::size_t begin = at > 30 ? at - 30 : 0;
  while (begin < at && (text_[begin] & 0xc0) == 0x80) ++begin;
  std::size_t end = std::min(at + 20, text_.size());
  while (end < text_.size() && (text_[end] & 0xc0) == 0x80) ++end;
  const std::string near =
      std::string(text_.substr(begin, at - begin)) + " >> " + std::string(text_.substr(at, end - at));
  throw Error(Code::invalid,
              key_ + ": position " + std::to_string(position) + ": expected " + expected + ", got " + got,
              "here: " + near)
      .with("key", key_)
      .with("position", std::to_string(position))
      .with("expected", expected)
      .with("got", got);
}

void Tokens::advance() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
  token_ = Token{Token::Kind::end, {}, at_ + 1};
  if (at_ == text_.size()) return;
  const char c = text_[at_];
  if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) return read_number();
  if (c == '"' || c == '\'') return read_text(c);
  if (c == '`') return read_quoted_column();
  if (is_word_start(c)) return read_word();
  read_symbol();
}

void Tokens::read_number() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  }
  if (at_ < text_.size() && is_word_start(text_[at_])) fail_at(begin + 1, "a number", "letters after a number");
  token_.kind = Token::Kind::number;
  token_.text = text_.substr(begin, at_ - begin);
}

void Tokens::read_text(char quote) {
  token_.kind = Token::Kind::text;
  for (++at_; at_ < text_.size(); ++at_) {
    char c = text_[at_];
    if (c == quote) {
      ++at_;
      return;
    }
    if (c == '\\') {
      if (++at_ == text_.size()) break;
      c = text_[at_];
      if (c == 'n') {
        c = '\n';
      } else if (c == 't') {
        c = '\t';
      } else if (c != '\\' && c != '"' && c != '\'') {
        fail_at(at_, R"(one of \\ \" \' \n \t)", std::string("'\\") + c + "'");
      }
    }
    token_.text += c;
  }
  fail_at(token_.position, std::string("a text that ends with ") + quote, "no closing quote");
}

void Tokens::read_quoted_column() {
  const std::size_t end = text_.find('`', at_ + 1);
  if (end == std::string_view::npos) fail_at(token_.position, "a column name that ends with `", "no closing quote");
  token_.kind = Token::Kind::column;
  token_.text = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
}

void Tokens::read_word() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && (is_word_start(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '.')) ++at_;
  token_.kind = Token::Kind::word;
  token_.text = text_.substr(begin, at_ - begin);
}

void Tokens::read_symbol() {
  token_.kind = Token::Kind::symbol;
  for (const std::string_view two : {"==", "!=", "<>", "<=", ">=", "&&", "||"}) {
    if (text_.substr(at_, 2) == two) {
      token_.text = two;
      at_ += 2;
      return;
    }
  }
  if (std::string_view("=<>!()[],+-*/").find(text_[at_]) == std::string_view::npos) {
    std::size_t size = 1;
    while (at_ + size < text_.size() && (text_[at_ + size] & 0xc0) == 0x80) ++size;
    fail_at(at_ + 1, "a column, a number, a text in quotes or an operator",
            "'" + std::string(text_.substr(at_, size)) + "'");
  }
  token_.text = text_.substr(at_++, 1);
}

bool Tokens::is_symbol(std::string_view symbol) const {
  return token_.kind == Token::Kind::symbol && token_.text == symbol;
}
bool Tokens::is_keyword(std::string_view word) const {
  return token_.kind == Token::Kind::word && lower_case(token_.text) == word;
}
bool Tokens::take_symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return false;
  advance();
  return true;
}
bool Tokens::take_keyword(std::string_view word) {
  if (!is_keyword(word)) return false;
  advance();
  return true;
}
void Tokens::expect_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) fail("'" + std::string(symbol) + "'");
}

}  // namespace mortise::plugins
