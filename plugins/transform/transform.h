// The transform: operations on a table, one after the other.
//
// Most work on each batch alone and so need memory for one batch (`of_batch`); sort and aggregate see the whole table.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/table.h"
#include "mortise/value.hpp"

namespace mortise::plugins {

// One operation as configured. `first_row` counts the rows before this batch, for errors and `limit`.
class Operation {
 public:
  virtual ~Operation() = default;
  [[nodiscard]] virtual Batch apply(const Batch& batch, std::int64_t first_row) const = 0;
  [[nodiscard]] virtual bool needs_all_rows() const { return false; }
};

// A configuration is one operation with its keys, or `operations`: a list of such maps. Throws Error{invalid} with the key.
[[nodiscard]] std::vector<std::unique_ptr<Operation>> read_transform(const Value& config);

// All of them on one table.
[[nodiscard]] Batch transform(Batch table, const std::vector<std::unique_ptr<Operation>>& operations);

}  // namespace mortise::plugins
