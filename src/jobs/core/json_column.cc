#include "jobs/core/json_column.h"

#include "base/error.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "data/value_json.h"

namespace mortise::jobs {

std::string clean_text(std::string_view text) {
  if (find_invalid_utf8(text) == std::string_view::npos && text.find('\0') == std::string_view::npos)
    return std::string(text);
  std::string clean;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const bool good = length > 0 && text.front() != '\0';
    clean += good ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(good ? length : 1);
  }
  return clean;
}

std::string json_column(const Value& value) {
  std::string text;
  if (!value.is_null()) append_json(text, value);
  return text;
}

Value read_json_column(const std::string& text) {
  if (text.empty()) return nullptr;
  try {
    return data::parse_json(text);
  } catch (const Error&) {
    return text;
  }
}

}  // namespace mortise::jobs
