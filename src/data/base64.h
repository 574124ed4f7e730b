// Base64 of RFC 4648: the standard alphabet, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mortise::data {

void append_base64(std::string& out, std::string_view bytes);

// Strict: padding is required, no blanks, no other letters, no bits set behind the end. Nothing otherwise.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace mortise::data
