// JSON text into a Value, within limits, with the line of every error.
//
// Depth is at most MORTISE_MAX_DEPTH and there are at most 100 million values. A key that comes twice in one object is an
// error. A number that neither int64 nor float64 holds stays the text that it was (up to 1e4932; beyond that it is an error).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::plugins {

// `text` must be UTF-8. Not by simdjson: Arrow's libraries bring one of another version under the same names.
[[nodiscard]] Value read_json(std::string_view text, const std::string& path, std::int64_t first_line = 1);

}  // namespace mortise::plugins
