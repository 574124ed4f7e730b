// Groups: which rows of a table belong together.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace mortise::plugins {

// Which group each row belongs to, 0 to count - 1, and a row of each group to read its keys from.
struct Groups {
  std::vector<std::uint32_t> of_row;
  std::vector<std::int64_t> first_row;
  std::uint32_t count = 0;

  // All rows in one group.
  static Groups all(std::int64_t rows);
  // Rows with equal keys are a group; null equals null. Groups come in the order of their keys, nulls last.
  static Groups by(const std::vector<std::shared_ptr<arrow::Array>>& keys, std::int64_t rows);
};

// For every row a number such that equal values, and only those, have equal numbers; null has one too.
[[nodiscard]] std::shared_ptr<arrow::Int32Array> codes_of(const std::shared_ptr<arrow::Array>& values);

}  // namespace mortise::plugins
