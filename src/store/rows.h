// From what a question answers to values: `read` makes one of the row that the statement stands on.
#pragma once

#include <optional>
#include <type_traits>
#include <vector>

#include "store/connection.h"

namespace mortise::store {

template <typename Read>
auto all_rows(Statement rows, Read read) {
  std::vector<std::invoke_result_t<Read&, const Statement&>> values;
  while (rows.step()) values.push_back(read(rows));
  return values;
}

template <typename Read>
auto first_row(Statement row, Read read) {
  using Value = std::invoke_result_t<Read&, const Statement&>;
  return row.step() ? std::optional<Value>(read(row)) : std::nullopt;
}

}  // namespace mortise::store
