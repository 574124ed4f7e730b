// Writing JSON text for people and logs. It shows a value, it does not carry it: bytes, tensors and tables are named with
// their size ("<table 10 x 3>"), non-finite numbers are strings. The forms that carry values are in src/data.
#pragma once

#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise {

// In quotes. Bytes that are not UTF-8 become U+FFFD; control characters are escaped.
void append_json_string(std::string& out, std::string_view text);
// Shortest text that reads back to the same number, always with a point or an exponent.
void append_json_number(std::string& out, double number);
void append_json(std::string& out, const Value& value);

}  // namespace mortise
