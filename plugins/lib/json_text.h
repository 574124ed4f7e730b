// Values as plain JSON text.
//
// int64 is written exactly, float64 as the shortest text that reads back to the same bits (with ".0" where it would
// look like an integer), a time as RFC 3339 in UTC, bytes as base64, a tensor as nested lists. JSON has no infinities
// and no NaN: they become null. A table is written by lib/table_json.h, which can see inside.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::plugins {

enum class JsonFor {
  file,  // as RFC 8259
  html,  // also safe inside a <script> element: no "<", ">", "&", U+2028 or U+2029 as such
};

void append_json(std::string& out, std::string_view text, JsonFor target = JsonFor::file);  // with quotes
void append_json(std::string& out, double number);
void append_json(std::string& out, float number);
void append_json(std::string& out, std::int64_t number);
void append_json(std::string& out, const Value& value, JsonFor target = JsonFor::file);
void append_json(std::string& out, const mortise_tensor& tensor);

[[nodiscard]] std::string json_text(const Value& value, JsonFor target = JsonFor::file);
[[nodiscard]] std::string base64(std::string_view bytes);
// "2026-01-31T12:34:56.5Z"
[[nodiscard]] std::string rfc3339(Time time);
// The shortest text that reads back to the same double: "0.1", "1e+300", "nan".
[[nodiscard]] std::string shortest(double number);
[[nodiscard]] std::string shortest(float number);

}  // namespace mortise::plugins
