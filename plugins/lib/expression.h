// Expressions over the columns of a table: `temp_max > 10 and weather != "rain"`.
//
//   or, and, not              three-valued as in SQL: unknown (null) is neither true nor false
//   == != < <= > >=           "=" and "<>" are understood too; `x == null` asks whether x is missing
//   in (a, b), not in         is null, is not null
//   + - * /                   of numbers; "/" always gives float64
//   name(argument, ...)       functions, see evaluate.h
//   column, `any column`      names; back-quotes hold what is no word
//   12, 1.5e3, "text", 'text', true, false, null
//
// A parsed expression is a small tree that owns its parts. The tree is at most 64 deep, has at most 2,000 nodes, and comes
// from at most 16 KiB of text, so that hostile text costs little. Nothing here knows Arrow; evaluate.h does.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::plugins {

struct Expression {
  enum class Kind { literal, column, call };

  Kind kind = Kind::literal;
  Value literal;                 // of a literal: null, bool, int64, float64 or string
  std::string name;              // of a column, or of a call: "and", "==", "+", "in", "is null", "year" ...
  std::vector<Expression> args;  // of a call
  std::size_t position = 0;      // where it begins in the text, counted from 1; 0 when it was not parsed from text
  std::size_t depth = 1;

  static Expression of_literal(Value value, std::size_t position = 0);
  static Expression of_column(std::string name, std::size_t position = 0);
  // Error{invalid} when the tree becomes deeper than `max_depth`.
  static Expression of_call(std::string name, std::vector<Expression> args, std::size_t position = 0);

  static constexpr std::size_t max_depth = 64;
  static constexpr std::size_t max_nodes = 2'000;
  static constexpr std::size_t max_text = 16 * 1024;
};

// Error{invalid} with the position, what was expected and what was there; `key` is the config key it came from.
[[nodiscard]] Expression parse_expression(std::string_view text, const std::string& key);

// Canonical text with every operation in parentheses; parsing it gives the same tree.
[[nodiscard]] std::string to_text(const Expression& expression);

// All columns that it names, each once, in order.
[[nodiscard]] std::vector<std::string> columns_of(const Expression& expression);

}  // namespace mortise::plugins
