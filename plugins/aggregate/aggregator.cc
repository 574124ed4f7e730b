#include "aggregate/aggregator.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "lib/arrow_status.h"
#include "lib/batches.h"
#include "lib/evaluate.h"

namespace mortise::plugins {
namespace {

namespace cp = arrow::compute;
using ArrayPtr = std::shared_ptr<arrow::Array>;
constexpr auto doing = "aggregating";
constexpr std::int64_t merge_from = 262'144;  // partial rows

ArrayPtr take(const ArrayPtr& values, const std::vector<std::int64_t>& rows) {
  arrow::Int64Builder builder;
  check(builder.AppendValues(rows), doing);
  return must(cp::Take(*values, *must(builder.Finish(), doing)), doing);
}

ArrayPtr as_double(const ArrayPtr& values) {
  return must(cp::Cast(arrow::Datum(values), cp::CastOptions::Unsafe(arrow::float64())), doing).make_array();
}

const arrow::DoubleArray& doubles(const ArrayPtr& array) { return static_cast<const arrow::DoubleArray&>(*array); }
const arrow::Int64Array& integers(const ArrayPtr& array) { return static_cast<const arrow::Int64Array&>(*array); }

std::string place(std::size_t aggregate, int part) {
  return "a" + std::to_string(aggregate) + "." + std::to_string(part);
}

// What is kept of an aggregate per group, and how two of them become one.
std::vector<Aggregate> parts_of(Aggregate function) {
  switch (function) {
    case Aggregate::count:
    case Aggregate::count_if: return {Aggregate::sum};
    case Aggregate::mean: return {Aggregate::sum, Aggregate::sum};  // sum, count
    case Aggregate::std:
      return {Aggregate::sum, Aggregate::sum, Aggregate::sum};  // count, mean, squares: see merge_std
    default: return {function};
  }
}

// Chan's formula, row by row: counts, means and sums of squared differences of each group's parts.
std::vector<ArrayPtr> merge_std(const std::vector<ArrayPtr>& parts, const Groups& groups) {
  std::vector<double> count(groups.count, 0), mean(groups.count, 0), squares(groups.count, 0);
  for (std::size_t row = 0; row < groups.of_row.size(); ++row) {
    const auto at = static_cast<std::int64_t>(row);
    const double n = doubles(parts[0]).Value(at);
    if (n == 0) continue;
    const std::uint32_t group = groups.of_row[row];
    const double delta = doubles(parts[1]).Value(at) - mean[group];
    const double total = count[group] + n;
    squares[group] += doubles(parts[2]).Value(at) + delta * delta * count[group] * n / total;
    mean[group] += delta * n / total;
    count[group] = total;
  }
  std::vector<ArrayPtr> made;
  for (const auto* values : {&count, &mean, &squares}) {
    arrow::DoubleBuilder builder;
    check(builder.AppendValues(*values), doing);
    made.push_back(must(builder.Finish(), doing));
  }
  return made;
}

// Count, mean and squares of one batch, never null.
std::vector<ArrayPtr> std_parts(const AggregateCall& call, const arrow::RecordBatch& batch, const Groups& groups) {
  AggregateCall one = call;
  one.function = Aggregate::count;
  const ArrayPtr count = aggregate(one, batch, groups);
  one.function = Aggregate::mean;
  const ArrayPtr mean = aggregate(one, batch, groups);
  one.function = Aggregate::std;
  const ArrayPtr deviation = aggregate(one, batch, groups);
  arrow::DoubleBuilder counts, means, squares;
  for (std::int64_t group = 0; group < groups.count; ++group) {
    const auto n = static_cast<double>(integers(count).Value(group));
    const double spread = deviation->IsNull(group) ? 0 : doubles(deviation).Value(group);
    check(counts.Append(n), doing);
    check(means.Append(mean->IsNull(group) ? 0 : doubles(mean).Value(group)), doing);
    check(squares.Append(n > 1 ? spread * spread * (n - 1) : 0), doing);
  }
  return {must(counts.Finish(), doing), must(means.Finish(), doing), must(squares.Finish(), doing)};
}

ArrayPtr finish_std(const ArrayPtr& count, const ArrayPtr& squares) {
  arrow::DoubleBuilder builder;
  for (std::int64_t i = 0; i < count->length(); ++i) {
    const double n = doubles(count).Value(i);
    check(n < 2 ? builder.AppendNull() : builder.Append(std::sqrt(doubles(squares).Value(i) / (n - 1))), doing);
  }
  return must(builder.Finish(), doing);
}

ArrayPtr finish_mean(const ArrayPtr& sum, const ArrayPtr& count) {
  arrow::DoubleBuilder builder;
  for (std::int64_t i = 0; i < sum->length(); ++i) {
    const bool none = sum->IsNull(i) || count->IsNull(i) || integers(count).Value(i) == 0;
    check(none ? builder.AppendNull()
               : builder.Append(doubles(sum).Value(i) / static_cast<double>(integers(count).Value(i))),
          doing);
  }
  return must(builder.Finish(), doing);
}

}  // namespace

Aggregator::Aggregator(AggregateSpec spec) : spec_(std::move(spec)) {
  prepare_compute();
  for (const auto& [name, call] : spec_.aggregates) {
    if (call.function == Aggregate::median || call.function == Aggregate::distinct) mergeable_ = false;
  }
}

std::vector<std::string> Aggregator::columns() const {
  std::set<std::string> names;
  const auto add_all = [&](const Expression& expression) {
    for (const std::string& name : columns_of(expression)) names.insert(name);
  };
  for (const auto& [name, key] : spec_.keys) add_all(key);
  for (const auto& [name, call] : spec_.aggregates) {
    if (call.argument) add_all(*call.argument);
  }
  if (spec_.where) add_all(*spec_.where);
  return {names.begin(), names.end()};
}

void Aggregator::add(const Batch& batch) {
  kept_.push_back(mergeable_ ? partial(batch) : batch);
  kept_rows_ += kept_.back()->num_rows();
  if (!mergeable_ || kept_rows_ < merge_from || kept_.size() < 16) return;
  kept_ = {merged()};
  kept_rows_ = kept_.front()->num_rows();
}

Batch Aggregator::partial(const Batch& whole) const {
  Batch batch = whole;
  if (spec_.where) {
    const auto mask = evaluate_condition(*spec_.where, *batch, "where");
    batch = must(cp::Filter(arrow::Datum(batch), arrow::Datum(mask)), "where").record_batch();
  }
  std::vector<ArrayPtr> keys;
  for (const auto& [name, expression] : spec_.keys) keys.push_back(evaluate(expression, *batch, "group_by"));
  const Groups groups = keys.empty() ? Groups::all(batch->num_rows()) : Groups::by(keys, batch->num_rows());
  std::vector<NamedArray> columns;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    columns.push_back({"k" + std::to_string(i), take(keys[i], groups.first_row)});
  }
  for (std::size_t i = 0; i < spec_.aggregates.size(); ++i) {
    const AggregateCall& call = spec_.aggregates[i].second;
    std::vector<ArrayPtr> parts;
    if (call.function == Aggregate::std) {
      parts = std_parts(call, *batch, groups);
    } else if (call.function == Aggregate::mean) {
      AggregateCall one = call;
      one.function = Aggregate::sum;
      parts.push_back(as_double(aggregate(one, *batch, groups)));
      one.function = Aggregate::count;
      parts.push_back(aggregate(one, *batch, groups));
    } else {
      parts.push_back(aggregate(call, *batch, groups));
    }
    for (std::size_t part = 0; part < parts.size(); ++part) {
      columns.push_back({place(i, static_cast<int>(part)), parts[part]});
    }
  }
  return make_batch(columns, groups.count);
}

// All partial results as one, a row for each group in the order of the keys.
Batch Aggregator::merged() const {
  const Batch all = joined(kept_, kept_.front()->schema());
  std::vector<ArrayPtr> keys;
  for (std::size_t i = 0; i < spec_.keys.size(); ++i) keys.push_back(all->column(static_cast<int>(i)));
  const Groups groups = keys.empty() ? Groups::all(all->num_rows()) : Groups::by(keys, all->num_rows());
  std::vector<NamedArray> columns;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    columns.push_back({"k" + std::to_string(i), take(keys[i], groups.first_row)});
  }
  int at = static_cast<int>(keys.size());
  for (std::size_t i = 0; i < spec_.aggregates.size(); ++i) {
    const auto& [name, call] = spec_.aggregates[i];
    const std::vector<Aggregate> how = parts_of(call.function);
    std::vector<ArrayPtr> parts;
    for (std::size_t part = 0; part < how.size(); ++part) parts.push_back(all->column(at++));
    if (call.function == Aggregate::std) {
      parts = merge_std(parts, groups);
    } else {
      for (std::size_t part = 0; part < how.size(); ++part) {
        parts[part] = aggregate(how[part], parts[part], groups, "aggregates." + name);
      }
    }
    for (std::size_t part = 0; part < parts.size(); ++part) {
      columns.push_back({place(i, static_cast<int>(part)), parts[part]});
    }
  }
  return make_batch(columns, groups.count);
}

Batch Aggregator::finished(const Batch& merged) const {
  std::vector<NamedArray> columns;
  int at = 0;
  for (const auto& [name, unused] : spec_.keys) columns.push_back({name, merged->column(at++)});
  for (const auto& [name, call] : spec_.aggregates) {
    if (call.function == Aggregate::std) {
      columns.push_back({name, finish_std(merged->column(at), merged->column(at + 2))});
    } else if (call.function == Aggregate::mean) {
      columns.push_back({name, finish_mean(merged->column(at), merged->column(at + 1))});
    } else {
      columns.push_back({name, merged->column(at)});
    }
    at += static_cast<int>(parts_of(call.function).size());
  }
  return make_batch(columns, merged->num_rows());
}

Batch Aggregator::finish(const std::shared_ptr<arrow::Schema>& schema) {
  if (!mergeable_ || kept_.empty()) return aggregate(joined(kept_, schema), spec_);
  return finished(merged());
}

}  // namespace mortise::plugins
