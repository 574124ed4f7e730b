#include "lib/options.h"

#include <algorithm>

#include "lib/json_text.h"
#include "lib/suggest.h"

namespace mortise::plugins {

std::string describe(const Value& value) {
  switch (value.kind()) {
    case Kind::string: {
      constexpr std::size_t longest = 60;
      const auto text = value.as_string();
      if (text.size() <= longest) return "the text '" + std::string(text) + "'";
      return "a text of " + std::to_string(text.size()) + " bytes";
    }
    case Kind::list: return "a list of " + std::to_string(value.size());
    case Kind::map: return "a map of " + std::to_string(value.size());
    case Kind::bytes: return std::to_string(value.size()) + " bytes";
    case Kind::tensor: return "a tensor";
    case Kind::table: return "a table";
    default: return json_text(value);
  }
}

Error wrong_option(const std::string& path, const std::string& expected, const Value& got) {
  const std::string found = describe(got);
  return Error(Code::invalid, path + ": expected " + expected + ", got " + found)
      .with("key", path)
      .with("expected", expected)
      .with("got", found);
}

Options::Options(const Value& map, std::string where) : map_(&map), where_(std::move(where)) {
  if (!map.is_null() && !map.is(Kind::map)) throw wrong_option(where_.empty() ? "config" : where_, "a map", map);
}

std::string Options::path(std::string_view key) const {
  return where_.empty() ? std::string(key) : where_ + "." + std::string(key);
}

void Options::only(std::initializer_list<std::string_view> known) const {
  if (map_->is_null()) return;
  for (const Member& member : map_->members()) {
    if (std::find(known.begin(), known.end(), member.key()) != known.end()) continue;
    const std::string key = path(member.key());
    throw Error(Code::invalid, "unknown key '" + key + "'",
                suggestion(member.key(), std::vector<std::string>(known.begin(), known.end())))
        .with("key", key);
  }
}

const Value* Options::find(std::string_view key) const {
  const Value* value = map_->find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::string> Options::text(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is(Kind::string)) throw wrong_option(path(key), "a text", *value);
  return std::string(value->as_string());
}

std::string Options::text(std::string_view key, std::string_view otherwise) const {
  return text(key).value_or(std::string(otherwise));
}

std::string Options::required_text(std::string_view key) const {
  if (auto value = text(key); value && !value->empty()) return *value;
  throw Error(Code::invalid, path(key) + " is required", "give '" + std::string(key) + "' in the step's config")
      .with("key", path(key))
      .with("expected", "a text");
}

bool Options::flag(std::string_view key, bool otherwise) const {
  const Value* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is(Kind::boolean)) throw wrong_option(path(key), "true or false", *value);
  return value->as_bool();
}

std::optional<std::int64_t> Options::integer(std::string_view key, std::int64_t minimum, std::int64_t maximum) const {
  const Value* value = find(key);
  if (value == nullptr) return std::nullopt;
  const bool fits = value->is(Kind::int64) && value->as_int64() >= minimum && value->as_int64() <= maximum;
  if (fits) return value->as_int64();
  std::string expected = "an integer";
  if (minimum != std::numeric_limits<std::int64_t>::min()) expected += " from " + std::to_string(minimum);
  if (maximum != std::numeric_limits<std::int64_t>::max()) expected += " to " + std::to_string(maximum);
  throw wrong_option(path(key), expected, *value);
}

std::string Options::choice(std::string_view key, std::initializer_list<std::string_view> words) const {
  const Value* value = find(key);
  if (value == nullptr) return std::string(*words.begin());
  if (value->is(Kind::string)) {
    if (std::find(words.begin(), words.end(), value->as_string()) != words.end()) {
      return std::string(value->as_string());
    }
  }
  std::string expected = "one of";
  for (const auto word : words) expected.append(word == *words.begin() ? " " : ", ").append(word);
  throw wrong_option(path(key), expected, *value);
}

std::vector<const Value*> Options::list(std::string_view key) const {
  std::vector<const Value*> items;
  const Value* value = find(key);
  if (value == nullptr) return items;
  if (!value->is(Kind::list)) return {value};
  for (const Value& item : value->items()) items.push_back(&item);
  return items;
}

std::vector<std::string> Options::texts(std::string_view key) const {
  std::vector<std::string> words;
  for (const Value* item : list(key)) {
    if (!item->is(Kind::string)) {
      throw wrong_option(path(key) + "[" + std::to_string(words.size()) + "]", "a text", *item);
    }
    words.emplace_back(item->as_string());
  }
  return words;
}

Options Options::map(std::string_view key) const {
  static const Value empty;
  const Value* value = find(key);
  return Options(value == nullptr ? empty : *value, path(key));
}

}  // namespace mortise::plugins
