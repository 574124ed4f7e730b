#include "plugin/config_check.h"

#include <array>
#include <cstdio>
#include <utility>

#include "plugin/hints.h"

namespace mortise::plugin::schema {
namespace {

using Type = ConfigSchema::Type;
using Parameter = ConfigSchema::Parameter;

std::string text_of(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.15g", number);
  return text.data();
}

}  // namespace

std::string join(std::string_view where, std::string_view key) {
  if (where.empty()) return std::string(key);
  return std::string(where).append(".").append(key);
}

std::string shown(const Value& value) {
  constexpr std::size_t longest = 40;
  switch (value.kind()) {
    case Kind::null: return "null";
    case Kind::boolean: return value.as_bool() ? "true" : "false";
    case Kind::int64: return std::to_string(value.as_int64());
    case Kind::float64: return text_of(value.as_float64());
    case Kind::string: {
      const std::string_view text = value.as_string();
      return text.size() > longest ? "a string of " + std::to_string(text.size()) + " bytes" : "\"" + std::string(text) + "\"";
    }
    case Kind::list: return "a list of " + std::to_string(value.size());
    case Kind::map: return "a map of " + std::to_string(value.size());
    default: return std::string("a value of kind ") + name_of(value.kind());
  }
}

Error wrong(const std::string& path, const std::string& expected, const std::string& got, std::string hint) {
  return Error(Code::invalid, path + ": expected " + expected + ", got " + got, std::move(hint))
      .with("key", path)
      .with("expected", expected)
      .with("got", got);
}

std::string with_article(std::string_view noun) {
  if (noun == "bytes" || noun == "any" || noun == "null") return std::string(noun);
  const bool vowel = !noun.empty() && std::string_view("aeiou").find(noun.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(noun);
}

bool has_type(const Value& value, Type type) noexcept {
  switch (type) {
    case Type::any: return true;
    case Type::null: return value.is_null();
    case Type::boolean: return value.is(Kind::boolean);
    case Type::integer: return value.is(Kind::int64);
    case Type::number: return value.is_number();
    case Type::string:
    case Type::path: return value.is(Kind::string);
    case Type::bytes: return value.is(Kind::bytes);
    case Type::time: return value.is(Kind::time);
    case Type::list: return value.is(Kind::list);
    case Type::map: return value.is(Kind::map);
  }
  return false;
}

namespace {

Error mismatch(const Parameter& parameter, const std::string& path, const std::string& expected, const Value& value) {
  return wrong(path, expected, parameter.secret ? "another value (secret)" : shown(value), parameter.description);
}

bool measurable(const Value& value) noexcept {
  return value.is_number() || value.is(Kind::string) || value.is(Kind::bytes) || value.is(Kind::list) || value.is(Kind::map);
}

void check_limits(const Parameter& parameter, const Value& value, const std::string& path) {
  if (!parameter.minimum && !parameter.maximum && !parameter.exclusive_minimum && !parameter.exclusive_maximum) return;
  if (!measurable(value)) return;
  const double measure = value.is_number() ? value.as_float64() : static_cast<double>(value.size());
  const std::string of = value.is_number() ? "" : "a size of ";
  const auto refuse = [&](std::string_view relation, double limit) {
    throw mismatch(parameter, path, of + std::string(relation) + text_of(limit), value);
  };
  // Written so that a NaN fails each of them.
  if (parameter.minimum && !(measure >= *parameter.minimum)) refuse("at least ", *parameter.minimum);
  if (parameter.exclusive_minimum && !(measure > *parameter.exclusive_minimum)) refuse("more than ", *parameter.exclusive_minimum);
  if (parameter.maximum && !(measure <= *parameter.maximum)) refuse("at most ", *parameter.maximum);
  if (parameter.exclusive_maximum && !(measure < *parameter.exclusive_maximum)) refuse("less than ", *parameter.exclusive_maximum);
}

void check_choices(const Parameter& parameter, const Value& value, const std::string& path) {
  if (parameter.choices.empty()) return;
  std::string choices;
  std::vector<std::string_view> words;
  for (const Value& choice : parameter.choices) {
    if (choice == value) return;
    if (choice.is_number() && value.is_number() && choice.as_float64() == value.as_float64()) return;
    choices.append(choices.empty() ? "" : ", ").append(shown(choice));
    if (choice.is(Kind::string)) words.push_back(choice.as_string());
  }
  Error error = mismatch(parameter, path, "one of " + choices, value);
  if (!value.is(Kind::string) || parameter.secret) throw error;
  throw wrong(path, "one of " + choices, shown(value), did_you_mean(value.as_string(), words));
}

}  // namespace

Value checked(const Parameter& parameter, Value value, const std::string& path) {
  if (!has_type(value, parameter.type)) throw mismatch(parameter, path, with_article(name_of(parameter.type)), value);
  check_choices(parameter, value, path);
  check_limits(parameter, value, path);
  if (value.is(Kind::map) && parameter.properties != nullptr) return parameter.properties->apply(std::move(value), path);
  if (parameter.items == nullptr) return value;
  if (value.is(Kind::list)) {
    Value list = Value::list();
    std::size_t index = 0;
    for (const Value& item : value.items()) {
      list.push_back(checked(*parameter.items, item, path + "[" + std::to_string(index++) + "]"));
    }
    return list;
  }
  if (value.is(Kind::map)) {
    Value map = Value::map();
    for (const Member& member : value.members()) {
      map.set(member.key(), checked(*parameter.items, member.value(), join(path, member.key())));
    }
    return map;
  }
  return value;
}

}  // namespace mortise::plugin::schema
