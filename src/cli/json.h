// JSON on the command line: what --json prints, and how answers are read without tripping over what is missing.
#pragma once

#include <string>
#include <string_view>

#include "mortise/error.hpp"
#include "mortise/value.hpp"

namespace mortise::cli {

[[nodiscard]] std::string json_text(const Value& value);  // indented, with a newline at the end
[[nodiscard]] Value error_json(const Error& error);       // as the HTTP API has it

// A member of a map, or what stands for it when it is absent, null or of another kind.
[[nodiscard]] std::string text_in(const Value& map, std::string_view key, std::string_view otherwise = {});
[[nodiscard]] double number_in(const Value& map, std::string_view key, double otherwise = 0);
[[nodiscard]] std::int64_t integer_in(const Value& map, std::string_view key, std::int64_t otherwise = 0);
[[nodiscard]] bool flag_in(const Value& map, std::string_view key);
// An empty list or map when absent.
[[nodiscard]] const Value& list_in(const Value& map, std::string_view key);
[[nodiscard]] const Value& map_in(const Value& map, std::string_view key);
// "a, b": the texts of a list.
[[nodiscard]] std::string joined(const Value& list);

}  // namespace mortise::cli
