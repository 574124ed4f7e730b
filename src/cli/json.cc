#include "cli/json.h"

#include "base/error.h"
#include "data/value_json.h"

namespace mortise::cli {

std::string json_text(const Value& value) {
  data::JsonStyle style;
  style.indent = 2;
  return data::to_json(value, style) + "\n";
}

Value error_json(const Error& error) {
  Value details = Value::map(), causes = Value::list();
  for (const auto& [name, value] : error.details()) details.set(name, value);
  for (const Error* cause = error.cause(); cause != nullptr; cause = cause->cause()) {
    causes.push_back(Value::map({{"message", cause->what()}, {"code", name_of(cause->code())}}));
  }
  const std::string_view hint = error.hint().empty() ? meaning(error.code()).advice : std::string_view(error.hint());
  return Value::map({{"error", error.what()},
                     {"code", name_of(error.code())},
                     {"message", error.describe()},
                     {"hint", hint},
                     {"details", std::move(details)},
                     {"cause", std::move(causes)}});
}

std::string text_in(const Value& map, std::string_view key, std::string_view otherwise) {
  const Value* value = map.find(key);
  return std::string(value != nullptr && value->is(Kind::string) ? value->as_string() : otherwise);
}

double number_in(const Value& map, std::string_view key, double otherwise) {
  const Value* value = map.find(key);
  return value != nullptr && value->is_number() ? value->as_float64() : otherwise;
}

std::int64_t integer_in(const Value& map, std::string_view key, std::int64_t otherwise) {
  const Value* value = map.find(key);
  return value != nullptr && value->is(Kind::int64) ? value->as_int64() : otherwise;
}

bool flag_in(const Value& map, std::string_view key) {
  const Value* value = map.find(key);
  return value != nullptr && value->is(Kind::boolean) && value->as_bool();
}

namespace {
const Value& member_or(const Value& map, std::string_view key, Kind kind, const Value& otherwise) {
  const Value* value = map.find(key);
  return value != nullptr && value->is(kind) ? *value : otherwise;
}
}  // namespace

const Value& list_in(const Value& map, std::string_view key) {
  static const Value empty = Value::list();
  return member_or(map, key, Kind::list, empty);
}

const Value& map_in(const Value& map, std::string_view key) {
  static const Value empty = Value::map();
  return member_or(map, key, Kind::map, empty);
}

std::string joined(const Value& list) {
  std::string text;
  for (const Value& item : list.items()) {
    if (item.is(Kind::string)) text.append(text.empty() ? "" : ", ").append(item.as_string());
  }
  return text;
}

}  // namespace mortise::cli
