// Evaluating an expression over a table, column by column, with Arrow's compute functions.
//
// Types must fit, and nothing is guessed: numbers compare with numbers, texts with texts, booleans with booleans; a date
// or a time compares with dates, times, or a text that is an ISO date or time ("2015-01-31", "2015-01-31T12:00"; of a
// column with a zone the text is in UTC unless it says otherwise). Anything else is Error{invalid} that names both sides.
// Columns with a dictionary are seen as what they hold.
//
// Functions: year quarter month day weekday (1 Monday to 7) hour · trunc(x, "year|quarter|month|week|day|hour") ·
// abs round(x, digits) · lower upper trim length · contains starts_with ends_with (x, "text") · coalesce(a, b, ...)
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "lib/expression.h"

namespace mortise::plugins {

// The value for every row, as long as the table. `key` begins errors. Throws Error.
[[nodiscard]] std::shared_ptr<arrow::Array> evaluate(const Expression& expression, const arrow::RecordBatch& table,
                                                     const std::string& key);

// As above for a condition: the mask of rows where it holds; unknown counts as no.
[[nodiscard]] std::shared_ptr<arrow::Array> evaluate_condition(const Expression& expression,
                                                               const arrow::RecordBatch& table, const std::string& key);

}  // namespace mortise::plugins
