// The filter: which rows of a table stay, and whether the table is what the next step expects.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/expression.h"
#include "lib/table.h"
#include "mortise/value.hpp"

namespace mortise::plugins {

struct FilterSpec {
  enum class OnMissing { fail, drop };
  struct Condition {
    Expression expression;
    std::string key;  // of the config, for errors
  };

  std::vector<Condition> conditions;  // all must hold
  std::vector<std::string> required;
  OnMissing on_missing = OnMissing::fail;
  std::vector<std::pair<std::string, std::string>> schema;  // column, kind
};

// Throws Error{invalid} with the key and, in an expression, the position.
[[nodiscard]] FilterSpec read_filter(const Value& config);

struct FilterResult {
  Batch table;
  std::int64_t dropped_missing = 0;  // of rows without a required value
};

// Column types stay as they are; a table of which every row stays is handed on without a copy. `first_row`: the rows before
// this batch, for errors.
[[nodiscard]] FilterResult filter(const Batch& table, const FilterSpec& spec, std::int64_t first_row = 0);

}  // namespace mortise::plugins
