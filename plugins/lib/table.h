// Tables: the leaf of a Value and Arrow's RecordBatch, each seen as the other without copying data.
//
// In this folder a table is one RecordBatch. A step's input may also be rows (a list of maps), a map with a list of rows
// under "rows", or a map of equally long lists (columns); `read_table` makes a table of those, see rows.h. A table file (batches.h)
// is read whole.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::plugins {

using Batch = std::shared_ptr<arrow::RecordBatch>;

// `what` names the value in errors: "input", "context key 'daily'". The batch keeps the leaf alive.
[[nodiscard]] Batch read_table(const Value& value, std::string_view what);
[[nodiscard]] Value write_table(const Batch& batch);

[[nodiscard]] std::vector<std::string> column_names(const arrow::RecordBatch& batch);
// The index of the column; Error{not_found} with "did you mean". Two columns of that name are a conflict.
[[nodiscard]] int column_index(const arrow::RecordBatch& batch, const std::string& name);
[[nodiscard]] std::shared_ptr<arrow::Array> column(const arrow::RecordBatch& batch, const std::string& name);

// A batch of these columns, made by hand.
struct NamedArray {
  std::string name;
  std::shared_ptr<arrow::Array> array;
};
[[nodiscard]] Batch make_batch(const std::vector<NamedArray>& columns, std::int64_t rows);

}  // namespace mortise::plugins
