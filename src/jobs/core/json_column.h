// JSON and text as the database's columns hold them.
#pragma once

#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::jobs {

// Valid UTF-8 without zero bytes, whatever a plugin printed; others become U+FFFD.
[[nodiscard]] std::string clean_text(std::string_view text);

// "" for null. JSON that was shown, not carried, may not be readable again (two odd keys that became one): then its text is told.
[[nodiscard]] std::string json_column(const Value& value);
[[nodiscard]] Value read_json_column(const std::string& text);

}  // namespace mortise::jobs
