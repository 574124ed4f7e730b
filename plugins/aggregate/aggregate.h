// Groups and what is made of each.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/expression.h"
#include "lib/statistics.h"
#include "lib/table.h"
#include "mortise/value.hpp"

namespace mortise::plugins {

struct AggregateSpec {
  std::vector<std::pair<std::string, Expression>> keys;           // name of the column, what it holds
  std::vector<std::pair<std::string, AggregateCall>> aggregates;  // name of the column, what it holds
  std::optional<Expression> where;
};

// Throws Error{invalid} with the key. Names are unique.
[[nodiscard]] AggregateSpec read_aggregate(const Value& config);

// One row per group in the order of the keys: first the keys, then the aggregates. Without keys one row.
[[nodiscard]] Batch aggregate(const Batch& table, const AggregateSpec& spec);

}  // namespace mortise::plugins
