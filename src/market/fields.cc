#include "market/fields.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"

namespace mortise::market {

Fields::Fields(const Value& value, std::string place) : value_(value), place_(std::move(place)) {
  if (!value.is(Kind::map)) throw Error(Code::invalid, place_ + ": expected an object, got " + name_of(value.kind())).with("file", place_);
}

Error Fields::wrong(std::string_view key, const std::string& expected) const {
  return Error(Code::invalid, place_ + ": " + std::string(key) + ": expected " + expected)
      .with("file", place_)
      .with("key", std::string(key))
      .with("expected", expected);
}

std::string Fields::text(std::string_view key, std::size_t longest) const {
  std::string found = text_or_empty(key, longest);
  if (found.empty()) throw wrong(key, "a text");
  return found;
}

std::string Fields::text_or_empty(std::string_view key, std::size_t longest) const {
  const Value* found = value_.find(key);
  if (found == nullptr || found->is_null()) return {};
  if (!found->is(Kind::string) || found->size() > longest) throw wrong(key, "a text of at most " + std::to_string(longest) + " bytes");
  return std::string(found->as_string());
}

std::vector<std::string> Fields::texts(std::string_view key, std::size_t most) const {
  std::vector<std::string> all;
  for (const Value& item : list(key, most).items()) {
    if (!item.is(Kind::string)) throw wrong(key, "a list of texts");
    all.emplace_back(item.as_string());
  }
  return all;
}

std::int64_t Fields::number(std::string_view key, std::int64_t least) const {
  const Value* found = value_.find(key);
  if (found == nullptr || !found->is(Kind::int64) || found->as_int64() < least) {
    throw wrong(key, "a whole number of at least " + std::to_string(least));
  }
  return found->as_int64();
}

bool Fields::flag(std::string_view key) const {
  const Value* found = value_.find(key);
  if (found == nullptr || found->is_null()) return false;
  if (!found->is(Kind::boolean)) throw wrong(key, "true or false");
  return found->as_bool();
}

Time Fields::time(std::string_view key) const {
  const auto read = parse_rfc3339(text(key));
  if (!read) throw wrong(key, "a time such as 2026-01-31T12:00:00Z");
  return *read;
}

std::string Fields::sha256(std::string_view key) const {
  std::string found = text_or_empty(key);
  if (!is_sha256(found)) throw wrong(key, "64 hexadecimal digits");
  return found;
}

const Value& Fields::map(std::string_view key) const {
  const Value* found = value_.find(key);
  if (found == nullptr || !found->is(Kind::map)) throw wrong(key, "an object");
  return *found;
}

const Value& Fields::list(std::string_view key, std::size_t most) const {
  static const Value none = Value::list();
  const Value* found = value_.find(key);
  if (found == nullptr || found->is_null()) return none;
  if (!found->is(Kind::list) || found->size() > most) throw wrong(key, "a list of at most " + std::to_string(most));
  return *found;
}

bool is_sha256(std::string_view text) noexcept {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace mortise::market
