// Aggregates: one value from many rows, for a whole table or for each group of it.
//
//   count()            rows                     count(x)      rows where x is there
//   count_if(c)        rows where c holds       distinct(x)   different values
//   sum mean std median (x)                     of numbers; of booleans as 0 and 1
//   min max first last (x)                      of anything that has an order; keeps the type
//
// Missing values (null and NaN) are left out; an aggregate of nothing is null, a count of nothing 0. A sum of integers is
// exact or an error; sums of floats are compensated, so that they do not depend on luck. `std` is that of a sample
// (n - 1), null below two values.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/expression.h"
#include "lib/groups.h"

namespace mortise::plugins {

enum class Aggregate { count, count_if, distinct, sum, mean, std, median, min, max, first, last };

struct AggregateCall {
  Aggregate function = Aggregate::count;
  std::optional<Expression> argument;  // absent in count()
  std::string key;                     // where it was written, for errors
};

// From "mean(temp_max)". Error{invalid} names what is known.
[[nodiscard]] AggregateCall parse_aggregate(std::string_view text, const std::string& key);
[[nodiscard]] std::optional<Aggregate> aggregate_named(std::string_view name) noexcept;  // "avg" is mean

// One value per group.
[[nodiscard]] std::shared_ptr<arrow::Array> aggregate(const AggregateCall& call, const arrow::RecordBatch& table,
                                                      const Groups& groups);
[[nodiscard]] std::shared_ptr<arrow::Array> aggregate(Aggregate function, const std::shared_ptr<arrow::Array>& values,
                                                      const Groups& groups, const std::string& key);

// The row where the smallest (largest) value stands, the first of them; -1 when there is none.
[[nodiscard]] std::int64_t row_of_extreme(Aggregate function, const std::shared_ptr<arrow::Array>& values);

}  // namespace mortise::plugins
