// What a table holds, column by column.
#pragma once

#include <string>
#include <vector>

#include "lib/table.h"

namespace mortise::plugins {

// One row per column: column, type, count (values that are there), nulls, distinct, min, max (both as text, since they are of
// the column's type), mean, std, median (of numbers; null for others). `columns` empty: all.
[[nodiscard]] Batch summarise(const Batch& table, const std::vector<std::string>& columns);

}  // namespace mortise::plugins
