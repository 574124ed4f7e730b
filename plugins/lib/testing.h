// For the tests of this folder and of the plugins: tables from literals and back.
#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "lib/cells.h"
#include "lib/rows.h"
#include "lib/table.h"

namespace mortise::plugins::testing {

// Columns of literals; texts that are all ISO dates become dates.
inline Batch table(std::initializer_list<std::pair<std::string_view, Value>> columns) {
  Value map = Value::map();
  for (const auto& [name, values] : columns) map.set(name, values);
  return table_of_rows(map, "test", TextDates::infer);
}

// "[1,2,null]"
inline std::string text_of(const arrow::Array& array) {
  std::string out = "[";
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (i > 0) out += ',';
    append_cell(out, array, i);
  }
  return out + "]";
}

inline std::string text_of(const Batch& batch, const std::string& name) { return text_of(*column(*batch, name)); }

inline std::string type_of(const Batch& batch, const std::string& name) {
  return column(*batch, name)->type()->ToString();
}

// The error that the body throws; a test that throws none fails.
template <typename Body>
Error error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("nothing was thrown");
}

}  // namespace mortise::plugins::testing
