// Shapes: short texts that say what a value must look like, read as they stand by check_shape().
//
//   any null bool int number string bytes time list map tensor table      kinds (number takes int and float)
//   value                                anything but null
//   data                                 table | tensor | list | map: whatever holds rows or columns
//   [number]                             a list of numbers
//   {source: string, format?: string}    a map with these keys; `?` may be absent or null; other keys are refused ...
//   {method: string, ...}                ... unless it ends with `...`
//   {*: number}                          a map with any keys and such values
//   string | null                        one of several
//
// Set aside: shapes compiled into trees. Reading some hundred characters costs less than the call they guard, and a table
// of texts can be read by people.
#pragma once

#include <string_view>

#include "base/error.h"
#include "mortise/value.hpp"

namespace mortise::plugin {

// Throws Error{invalid} "input.parameters.method: expected string, got 5" with details key, expected and got, where `where`
// is the path of `value` itself ("input"). A shape that cannot be read is an Error{internal}.
void check_shape(std::string_view shape, const Value& value, std::string_view where);

// False for a text that is no shape.
[[nodiscard]] bool is_shape(std::string_view text) noexcept;

}  // namespace mortise::plugin
