// Cells: one column read cell by cell, for those who write it down (JSON, HTML).
//
// A column with a dictionary is read as what it holds. Times without a zone are taken for UTC.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/json_text.h"

namespace mortise::plugins {

// As append_json of a Value: int64 exact, floats shortest, dates "2026-01-31", times RFC 3339, bytes base64, lists and
// structs nested, non-finite numbers null. Decimals are numbers with all their digits. Throws Error{unsupported} for
// types that are not known here.
void append_cell(std::string& out, const arrow::Array& column, std::int64_t row, JsonFor target = JsonFor::file);

// The cell as a person reads it: no quotes, "" for null.
[[nodiscard]] std::string cell_text(const arrow::Array& column, std::int64_t row);

// Numbers and booleans; milliseconds since 1970 for dates and times; nothing for null and all else.
[[nodiscard]] std::optional<double> cell_number(const arrow::Array& column, std::int64_t row);

[[nodiscard]] bool is_number_column(const arrow::Array& column);
[[nodiscard]] bool is_time_column(const arrow::Array& column);  // dates and times

}  // namespace mortise::plugins
