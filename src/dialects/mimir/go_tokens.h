// The tokens of a Go source: enough of the language to find declarations in it. Comments and white space are left out; what
// cannot be read ends the list early, as it would end the compiler's work.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::dialects::mimir {

struct Token {
  enum class Kind : std::uint8_t { word, text, number, sign };
  Kind kind = Kind::sign;
  std::string text;  // of a string literal: what it holds
  std::uint32_t line = 1;

  [[nodiscard]] bool is(std::string_view what) const noexcept { return kind != Kind::text && text == what; }
};

[[nodiscard]] std::vector<Token> go_tokens(std::string_view source);

}  // namespace mortise::dialects::mimir
