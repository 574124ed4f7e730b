// The leaves of JSON text, strict: what carries values must not lose any (base/json_text.h is for people instead).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mortise::data {

// Gigabytes per second.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// In quotes, escaped. Throws Error{invalid} when the text is not UTF-8.
void put_string(std::string& out, std::string_view text);
// As it is. Throws likewise.
void put_text(std::string& out, std::string_view text);
void put_number(std::string& out, std::int64_t number);
// Shortest form that reads back to the same bits, always with '.' or 'e'. Precondition: finite.
void put_number(std::string& out, double number);

}  // namespace mortise::data
