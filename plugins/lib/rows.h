// Rows of maps, as JSON and other languages have them, made into a table.
//
// Understood are a list of maps (rows; a key that a row lacks is null there), a map with such a list under "rows", and a map
// of equally long lists (columns). A column's type is the narrowest that holds all its values exactly:
//
//   bool · int64 · float64 (integers among floats only up to 2^53) · text · time · bytes · list · struct, and null anywhere
//
// A column that mixes kinds becomes text, with what is not text written as JSON.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::plugins {

enum class TextDates {
  keep,   // a text is a text
  infer,  // a column whose texts are all ISO dates, or all ISO times, becomes a column of dates or times
};

// `what` names the value in errors. Error{invalid} when it has none of the three forms.
[[nodiscard]] std::shared_ptr<arrow::RecordBatch> table_of_rows(const Value& value, std::string_view what,
                                                                TextDates dates = TextDates::keep);

}  // namespace mortise::plugins
