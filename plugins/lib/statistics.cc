#include "lib/statistics.h"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/arrow_status.h"
#include "lib/evaluate.h"
#include "lib/options.h"
#include "lib/suggest.h"
#include "lib/table.h"

namespace mortise::plugins {
namespace {

namespace cp = arrow::compute;
using ArrayPtr = std::shared_ptr<arrow::Array>;

constexpr std::pair<std::string_view, Aggregate> names[] = {
    {"count", Aggregate::count}, {"count_if", Aggregate::count_if}, {"distinct", Aggregate::distinct},
    {"sum", Aggregate::sum},     {"mean", Aggregate::mean},         {"avg", Aggregate::mean},
    {"std", Aggregate::std},     {"median", Aggregate::median},     {"min", Aggregate::min},
    {"max", Aggregate::max},     {"first", Aggregate::first},       {"last", Aggregate::last}};

bool is_nan(const arrow::Array& values, std::int64_t row) {
  if (values.type_id() == arrow::Type::DOUBLE)
    return std::isnan(static_cast<const arrow::DoubleArray&>(values).Value(row));
  if (values.type_id() == arrow::Type::FLOAT)
    return std::isnan(static_cast<const arrow::FloatArray&>(values).Value(row));
  return false;
}

bool is_missing(const arrow::Array& values, std::int64_t row) {
  return values.type_id() == arrow::Type::NA || values.IsNull(row) || is_nan(values, row);
}

// A running sum that keeps what rounding loses (Neumaier).
class Sum {
 public:
  void add(double value) {
    const double next = sum_ + value;
    const double larger = std::abs(sum_) >= std::abs(value) ? sum_ : value;
    const double smaller = larger == sum_ ? value : sum_;
    lost_ += larger - next + smaller;
    sum_ = next;
  }
  [[nodiscard]] double value() const { return std::isfinite(lost_) ? sum_ + lost_ : sum_; }

 private:
  double sum_ = 0, lost_ = 0;
};

template <typename Builder, typename T>
ArrayPtr array_from(const std::vector<std::optional<T>>& values) {
  Builder builder;
  for (const auto& value : values) {
    check(value ? builder.Append(*value) : builder.AppendNull(), "aggregating");
  }
  return must(builder.Finish(), "aggregating");
}

ArrayPtr counts(const std::vector<std::int64_t>& values) {
  arrow::Int64Builder builder;
  check(builder.AppendValues(values), "aggregating");
  return must(builder.Finish(), "aggregating");
}

ArrayPtr cast(const ArrayPtr& values, const std::shared_ptr<arrow::DataType>& type) {
  cp::CastOptions options = cp::CastOptions::Unsafe(type);
  return must(cp::Cast(arrow::Datum(values), options), "aggregating").make_array();
}

[[noreturn]] void refuse(const std::string& key, const std::string& expected, const arrow::Array& got) {
  throw Error(Code::invalid, key + ": expected " + expected + ", got " + got.type()->ToString())
      .with("key", key)
      .with("expected", expected)
      .with("got", got.type()->ToString());
}

bool is_integer_like(const arrow::Array& values) {
  return arrow::is_integer(values.type_id()) || values.type_id() == arrow::Type::BOOL;
}

ArrayPtr numbers(const ArrayPtr& values, const std::string& key) {
  const auto id = values->type_id();
  const bool fine =
      is_integer_like(*values) || arrow::is_floating(id) || arrow::is_decimal(id) || id == arrow::Type::NA;
  if (!fine) refuse(key, "numbers", *values);
  return cast(values, arrow::float64());
}

ArrayPtr count(const arrow::Array& values, const Groups& groups) {
  std::vector<std::int64_t> result(groups.count, 0);
  for (std::int64_t row = 0; row < values.length(); ++row) {
    if (!is_missing(values, row)) ++result[groups.of_row[static_cast<std::size_t>(row)]];
  }
  return counts(result);
}

ArrayPtr count_if(const arrow::Array& values, const Groups& groups, const std::string& key) {
  if (values.type_id() != arrow::Type::BOOL) refuse(key, "a condition", values);
  const auto& mask = static_cast<const arrow::BooleanArray&>(values);
  std::vector<std::int64_t> result(groups.count, 0);
  for (std::int64_t row = 0; row < mask.length(); ++row) {
    if (mask.IsValid(row) && mask.Value(row)) ++result[groups.of_row[static_cast<std::size_t>(row)]];
  }
  return counts(result);
}

ArrayPtr distinct(const ArrayPtr& values, const Groups& groups) {
  if (values->type_id() == arrow::Type::NA) return counts(std::vector<std::int64_t>(groups.count, 0));
  const auto codes = codes_of(values);
  std::vector<std::pair<std::uint32_t, std::int32_t>> seen;
  for (std::int64_t row = 0; row < values->length(); ++row) {
    if (!is_missing(*values, row)) seen.emplace_back(groups.of_row[static_cast<std::size_t>(row)], codes->Value(row));
  }
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  std::vector<std::int64_t> result(groups.count, 0);
  for (const auto& [group, unused] : seen) ++result[group];
  return counts(result);
}

ArrayPtr integer_sum(const ArrayPtr& values, const Groups& groups, const std::string& key) {
  const ArrayPtr wide = must(cp::Cast(arrow::Datum(values), arrow::int64()), "adding up").make_array();
  const auto& number = static_cast<const arrow::Int64Array&>(*wide);
  std::vector<std::optional<std::int64_t>> sums(groups.count);
  for (std::int64_t row = 0; row < number.length(); ++row) {
    if (number.IsNull(row)) continue;
    auto& sum = sums[groups.of_row[static_cast<std::size_t>(row)]];
    std::int64_t next = 0;
    if (__builtin_add_overflow(sum.value_or(0), number.Value(row), &next)) {
      throw Error(Code::invalid, key + ": the sum is beyond int64", "write the argument as a float: sum(x * 1.0)");
    }
    sum = next;
  }
  return array_from<arrow::Int64Builder>(sums);
}

// Calls body(group, value) for every number that is there.
template <typename Body>
void for_each_number(const arrow::Array& values, const Groups& groups, Body&& body) {
  const auto& number = static_cast<const arrow::DoubleArray&>(values);
  for (std::int64_t row = 0; row < number.length(); ++row) {
    if (!is_missing(number, row)) body(groups.of_row[static_cast<std::size_t>(row)], number.Value(row));
  }
}

ArrayPtr sum_or_mean(Aggregate function, const arrow::Array& values, const Groups& groups) {
  std::vector<Sum> sums(groups.count);
  std::vector<std::int64_t> count(groups.count, 0);
  for_each_number(values, groups, [&](std::uint32_t group, double value) {
    sums[group].add(value);
    ++count[group];
  });
  std::vector<std::optional<double>> result(groups.count);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (count[i] == 0) continue;
    result[i] = function == Aggregate::sum ? sums[i].value() : sums[i].value() / static_cast<double>(count[i]);
  }
  return array_from<arrow::DoubleBuilder>(result);
}

// Two passes: the squares are of distances from the mean, so nothing cancels.
ArrayPtr deviation(const arrow::Array& values, const Groups& groups) {
  const ArrayPtr means = sum_or_mean(Aggregate::mean, values, groups);
  const auto& mean = static_cast<const arrow::DoubleArray&>(*means);
  std::vector<Sum> squares(groups.count);
  std::vector<std::int64_t> count(groups.count, 0);
  for_each_number(values, groups, [&](std::uint32_t group, double value) {
    const double distance = value - mean.Value(group);
    squares[group].add(distance * distance);
    ++count[group];
  });
  std::vector<std::optional<double>> result(groups.count);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (count[i] > 1) result[i] = std::sqrt(squares[i].value() / static_cast<double>(count[i] - 1));
  }
  return array_from<arrow::DoubleBuilder>(result);
}

ArrayPtr median(const arrow::Array& values, const Groups& groups) {
  std::vector<std::vector<double>> members(groups.count);
  for_each_number(values, groups, [&](std::uint32_t group, double value) { members[group].push_back(value); });
  std::vector<std::optional<double>> result(groups.count);
  for (std::size_t i = 0; i < result.size(); ++i) {
    auto& all = members[i];
    if (all.empty()) continue;
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    std::nth_element(all.begin(), middle, all.end());
    result[i] = *middle;
    if (all.size() % 2 == 0) result[i] = *std::max_element(all.begin(), middle) / 2 + *middle / 2;
  }
  return array_from<arrow::DoubleBuilder>(result);
}

// Rows from the smallest value to the largest; equal ones in their order.
std::vector<std::int64_t> rows_in_order(const ArrayPtr& values) {
  const cp::ArraySortOptions options(cp::SortOrder::Ascending, cp::NullPlacement::AtEnd);
  const ArrayPtr sorted = must(cp::SortIndices(*values, options), "ordering values");
  const auto& index = static_cast<const arrow::UInt64Array&>(*sorted);
  std::vector<std::int64_t> rows(static_cast<std::size_t>(index.length()));
  for (std::int64_t i = 0; i < index.length(); ++i)
    rows[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(index.Value(i));
  return rows;
}

ArrayPtr take(const ArrayPtr& values, const std::vector<std::optional<std::int64_t>>& rows) {
  const ArrayPtr indices = array_from<arrow::Int64Builder>(rows);
  return must(cp::Take(*values, *indices), "aggregating");
}

// min, max, first and last: the row that each group takes its value from.
ArrayPtr chosen(Aggregate function, const ArrayPtr& values, const Groups& groups) {
  std::vector<std::optional<std::int64_t>> rows(groups.count);
  const auto visit = [&](std::int64_t row) {
    auto& mine = rows[groups.of_row[static_cast<std::size_t>(row)]];
    const bool keep_first = function == Aggregate::min || function == Aggregate::first;
    if (!is_missing(*values, row) && !(keep_first && mine)) mine = row;
  };
  if (function == Aggregate::min || function == Aggregate::max) {
    for (const std::int64_t row : rows_in_order(values)) visit(row);
  } else {
    for (std::int64_t row = 0; row < values->length(); ++row) visit(row);
  }
  return take(values, rows);
}

}  // namespace

std::optional<Aggregate> aggregate_named(std::string_view name) noexcept {
  for (const auto& [known, function] : names) {
    if (known == name) return function;
  }
  return std::nullopt;
}

AggregateCall parse_aggregate(std::string_view text, const std::string& key) {
  Expression expression = parse_expression(text, key);
  const auto function = expression.kind == Expression::Kind::call ? aggregate_named(expression.name) : std::nullopt;
  if (!function) {
    std::vector<std::string> known;
    for (const auto& entry : names) known.emplace_back(entry.first);
    throw Error(Code::invalid, key + ": expected an aggregate such as mean(x), got '" + std::string(text) + "'",
                suggestion(expression.name, known))
        .with("key", key)
        .with("expected", "an aggregate")
        .with("got", std::string(text));
  }
  const std::size_t least = *function == Aggregate::count ? 0 : 1;
  if (expression.args.size() < least || expression.args.size() > 1) {
    throw Error(Code::invalid,
                key + ": " + expression.name + "() takes one argument, got " + std::to_string(expression.args.size()))
        .with("key", key);
  }
  AggregateCall call{*function, std::nullopt, key};
  if (!expression.args.empty()) call.argument = std::move(expression.args[0]);
  return call;
}

ArrayPtr aggregate(Aggregate function, const ArrayPtr& values, const Groups& groups, const std::string& key) {
  prepare_compute();
  switch (function) {
    case Aggregate::count: return count(*values, groups);
    case Aggregate::count_if: return count_if(*values, groups, key);
    case Aggregate::distinct: return distinct(values, groups);
    case Aggregate::sum:
      if (is_integer_like(*values)) return integer_sum(values, groups, key);
      return sum_or_mean(function, *numbers(values, key), groups);
    case Aggregate::mean: return sum_or_mean(function, *numbers(values, key), groups);
    case Aggregate::std: return deviation(*numbers(values, key), groups);
    case Aggregate::median: return median(*numbers(values, key), groups);
    default: return chosen(function, values, groups);
  }
}

ArrayPtr aggregate(const AggregateCall& call, const arrow::RecordBatch& table, const Groups& groups) {
  if (call.argument) return aggregate(call.function, evaluate(*call.argument, table, call.key), groups, call.key);
  std::vector<std::int64_t> rows(groups.count, 0);
  for (const std::uint32_t group : groups.of_row) ++rows[group];
  return counts(rows);
}

std::int64_t row_of_extreme(Aggregate function, const ArrayPtr& values) {
  prepare_compute();
  std::vector<std::int64_t> rows = rows_in_order(values);
  rows.erase(std::remove_if(rows.begin(), rows.end(), [&](std::int64_t row) { return is_missing(*values, row); }),
             rows.end());
  if (rows.empty()) return -1;
  if (function == Aggregate::min) return rows.front();
  // The first of the largest: equal values stand in the order of their rows.
  const arrow::Array& array = *values;
  std::size_t at = rows.size() - 1;
  while (at > 0 && array.RangeEquals(array, rows[at - 1], rows[at - 1] + 1, rows[at])) --at;
  return rows[at];
}

}  // namespace mortise::plugins
