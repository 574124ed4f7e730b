// What the conformance plugin does with tables and tensors, in plain Arrow C data: no library.
#pragma once

#include <cstdint>
#include <string_view>

#include "mortise/value.hpp"

namespace conformance {

// Columns id (l), half (g), name (u), even (b), when (tsn:UTC) and maybe (l, null in every third row).
[[nodiscard]] mortise::Value make_example_table(std::int64_t rows);

// {rows, nulls, sum} of a column of numbers; nulls are left out of the sum.
[[nodiscard]] mortise::Value sum_column(const mortise::Value& table, std::string_view column);

// The texts of a column of format u, joined by "|"; "-" for a null.
[[nodiscard]] mortise::Value join_texts(const mortise::Value& table, std::string_view column);

// A tensor with the number added to every element.
[[nodiscard]] mortise::Value add_to_tensor(const mortise::Value& tensor, double number);

}  // namespace conformance
