#include "summarise/summarise.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include "lib/arrow_status.h"
#include "lib/cells.h"
#include "lib/evaluate.h"
#include "lib/statistics.h"

namespace mortise::plugins {
namespace {

constexpr auto doing = "summarising";

// The columns of the summary while it grows.
struct Summary {
  arrow::StringBuilder column, type, min, max;
  arrow::Int64Builder count, nulls, distinct;
  arrow::DoubleBuilder mean, std, median;
};

void append_text(arrow::StringBuilder& builder, const arrow::Array& cell) {
  check(cell.IsNull(0) ? builder.AppendNull() : builder.Append(cell_text(cell, 0)), doing);
}

void append_number(arrow::DoubleBuilder& builder, const std::shared_ptr<arrow::Array>& cell) {
  const auto number = cell == nullptr ? std::nullopt : cell_number(*cell, 0);
  check(number ? builder.Append(*number) : builder.AppendNull(), doing);
}

bool has_order(const arrow::DataType& type) {
  const auto id = type.id();
  return arrow::is_integer(id) || arrow::is_floating(id) || arrow::is_decimal(id) || arrow::is_string(id) ||
         arrow::is_temporal(id) || id == arrow::Type::BOOL;
}

void describe_column(Summary& summary, const std::string& name, const std::shared_ptr<arrow::Array>& values) {
  const Groups all = Groups::all(values->length());
  const auto made = [&](Aggregate function) { return aggregate(function, values, all, name); };
  const std::int64_t count = static_cast<std::int64_t>(*cell_number(*made(Aggregate::count), 0));
  check(summary.column.Append(name), doing);
  check(summary.type.Append(values->type()->ToString()), doing);
  check(summary.count.Append(count), doing);
  check(summary.nulls.Append(values->length() - count), doing);
  if (has_order(*values->type())) {
    check(summary.distinct.Append(static_cast<std::int64_t>(*cell_number(*made(Aggregate::distinct), 0))), doing);
    append_text(summary.min, *made(Aggregate::min));
    append_text(summary.max, *made(Aggregate::max));
  } else {
    check(summary.distinct.AppendNull(), doing);
    check(summary.min.AppendNull(), doing);
    check(summary.max.AppendNull(), doing);
  }
  const bool number = is_number_column(*values);
  append_number(summary.mean, number ? made(Aggregate::mean) : nullptr);
  append_number(summary.std, number ? made(Aggregate::std) : nullptr);
  append_number(summary.median, number ? made(Aggregate::median) : nullptr);
}

}  // namespace

Batch summarise(const Batch& table, const std::vector<std::string>& wanted) {
  prepare_compute();
  const std::vector<std::string> names = wanted.empty() ? column_names(*table) : wanted;
  Summary summary;
  // Evaluated rather than taken: so a column with a dictionary is described as what it holds.
  for (const std::string& name : names)
    describe_column(summary, name, evaluate(Expression::of_column(name), *table, "columns"));
  std::vector<NamedArray> columns;
  const auto add = [&](const char* name, arrow::ArrayBuilder& builder) {
    columns.push_back({name, must(builder.Finish(), doing)});
  };
  add("column", summary.column);
  add("type", summary.type);
  add("count", summary.count);
  add("nulls", summary.nulls);
  add("distinct", summary.distinct);
  add("min", summary.min);
  add("max", summary.max);
  add("mean", summary.mean);
  add("std", summary.std);
  add("median", summary.median);
  return make_batch(columns, static_cast<std::int64_t>(names.size()));
}

}  // namespace mortise::plugins
