// Values as plain JSON: what the HTTP API, files and people see. (What workers see is wire.h; it loses nothing.)
//
//   int64, float64   a number; float64 in the shortest form that reads back to the same bits, always with '.' or 'e' (1.0).
//                    NaN and the infinities are null, or the strings "NaN", "Infinity", "-Infinity" (NonFinite::text)
//   bytes            a string, base64 with padding
//   time             a string, RFC 3339 in UTC
//   table            a list of rows, each a map (TableForm::rows), or {"columns": [{"name","type"}, ...], "rows": [[cell, ...],
//                    ...], "row_count": n, "column_count": m} (TableForm::grid), both cut at `max_rows`; row_count is the whole
//   tensor           nested lists
//
// So plain JSON does not read back to the same Value where one of these was in it; that is why the other form exists.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::data {

enum class TableForm { rows, grid };
enum class NonFinite { null, text };

struct JsonStyle {
  TableForm tables = TableForm::rows;
  NonFinite non_finite = NonFinite::null;
  std::int64_t max_rows = std::numeric_limits<std::int64_t>::max();  // of each table
  int indent = 0;                                                    // blanks per level; 0: one line
};

// Strings that are not UTF-8 are an Error{invalid}, deeper nesting than 128 too.
[[nodiscard]] std::string to_json(const Value& value, const JsonStyle& style = {});

struct JsonLimits {
  std::uint32_t depth = MORTISE_MAX_DEPTH;  // at most MORTISE_MAX_DEPTH
  std::uint64_t values = 4'000'000;
  std::uint64_t bytes = 256u << 20;
};

// Reads untrusted text. Integers that fit int64 are int64, other numbers float64. Refused with Error{invalid}, whose
// details have line, column (both from 1; columns count bytes), expected and got: anything that is not JSON, duplicate keys,
// numbers beyond float64 or integers beyond int64, more than the limits. `what` names the text in messages: "request body".
[[nodiscard]] Value parse_json(std::string_view text, const JsonLimits& limits = {}, std::string_view what = "JSON");

}  // namespace mortise::data
