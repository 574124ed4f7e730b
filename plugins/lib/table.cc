#include "lib/table.h"

#include <arrow/array.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lib/arrow_status.h"
#include "lib/batches.h"
#include "lib/options.h"
#include "lib/rows.h"
#include "lib/suggest.h"
#include "mortise/leaf.hpp"

namespace mortise::plugins {

Batch read_table(const Value& value, std::string_view what) {
  if (is_table_file(value)) {
    const auto source = open_batches(value, what);
    std::vector<Batch> batches;
    while (Batch batch = source->next()) batches.push_back(std::move(batch));
    return joined(batches, source->schema());
  }
  if (!value.is(Kind::table)) return table_of_rows(value, what);
  ArrowSchema schema{};
  ArrowArray array{};
  export_table(value, &schema, &array);
  Batch batch = must(arrow::ImportRecordBatch(&array, &schema), std::string("reading ").append(what));
  check(batch->Validate(), std::string("reading ").append(what));
  return batch;
}

Value write_table(const Batch& batch) {
  ArrowSchema schema{};
  ArrowArray array{};
  check(arrow::ExportRecordBatch(*batch, &array, &schema), "handing the table over");
  return make_table(std::move(schema), std::move(array));
}

std::vector<std::string> column_names(const arrow::RecordBatch& batch) { return batch.schema()->field_names(); }

int column_index(const arrow::RecordBatch& batch, const std::string& name) {
  const std::vector<int> found = batch.schema()->GetAllFieldIndices(name);
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    throw Error(Code::not_found, "unknown column '" + name + "'", suggestion(name, column_names(batch)))
        .with("column", name);
  }
  throw Error(Code::conflict, "the table has " + std::to_string(found.size()) + " columns named '" + name + "'",
              "rename one where the table is made")
      .with("column", name);
}

std::shared_ptr<arrow::Array> column(const arrow::RecordBatch& batch, const std::string& name) {
  return batch.column(column_index(batch, name));
}

Batch make_batch(const std::vector<NamedArray>& columns, std::int64_t rows) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const NamedArray& column : columns) {
    fields.push_back(arrow::field(column.name, column.array->type()));
    arrays.push_back(column.array);
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(arrays));
}

}  // namespace mortise::plugins
