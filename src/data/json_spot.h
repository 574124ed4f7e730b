// Finds the place of an error in JSON text, for messages. simdjson says that a text is wrong, quickly, but not where; this
// scanner is slow, runs only after a refusal, and says where and what should have stood there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mortise/error.hpp"

namespace mortise::data {

struct JsonSpot {
  std::size_t offset = 0;
  std::string expected;  // "',' or '}'"
};

// The first place where `text` is not JSON (RFC 8259, UTF-8), has a number that neither int64 nor float64 holds, or nests
// deeper than `max_depth` containers.
[[nodiscard]] std::optional<JsonSpot> find_json_error(std::string_view text, std::uint32_t max_depth);

// Where the value with this number begins (in reading order, from 0); of a member, where its key begins. Precondition: the
// text is JSON and has it.
[[nodiscard]] std::size_t find_json_value(std::string_view text, std::uint64_t ordinal);

// Replaces in place every number that neither int64 nor float64 holds by a 0 and blanks; says whether there was one.
bool blank_wild_numbers(std::string& text);

// "request body, line 3, column 7: expected ',' or '}', got 'x'" with those details.
[[nodiscard]] Error json_error(std::string_view what, std::string_view text, const JsonSpot& spot);
// The same with a message of its own instead of "expected, got".
[[nodiscard]] Error json_error_at(std::string_view what, std::string_view text, std::size_t offset,
                                  const std::string& message);

}  // namespace mortise::data
