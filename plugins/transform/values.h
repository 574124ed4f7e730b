// Operations on values and rows. Each reads its keys from the options and throws Error{invalid} with the key.
#pragma once

#include <memory>

#include "lib/options.h"
#include "transform/transform.h"

namespace mortise::plugins {

[[nodiscard]] std::unique_ptr<Operation> make_map(const Options& options);      // columns, or field and function
[[nodiscard]] std::unique_ptr<Operation> make_convert(const Options& options);  // types
[[nodiscard]] std::unique_ptr<Operation> make_filter(const Options& options);   // expression, or field, op, value
[[nodiscard]] std::unique_ptr<Operation> make_sort(const Options& options);     // keys, nulls
[[nodiscard]] std::unique_ptr<Operation> make_limit(const Options& options);    // limit, offset
[[nodiscard]] std::unique_ptr<Operation> make_aggregate(
    const Options& options);  // group_by, aggregations or aggregates

}  // namespace mortise::plugins
