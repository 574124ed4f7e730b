// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mortise {

// The number of bytes of the code point at the front of `text`; 0 when there is no valid one (or no text).
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;
// The offset of the first byte that is not part of valid UTF-8; npos when all are.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text) noexcept;
void append_utf8(std::string& out, std::uint32_t code_point);
// At most `bytes` bytes of `text`, not cut within a code point.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes) noexcept;

}  // namespace mortise
