// Reading the JSON objects of requests.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace mortise::http {

// The body as an object. Throws Error{invalid}.
[[nodiscard]] inline Value object_of(const Request& request) {
  Value body = request.json();
  if (body.is(Kind::map)) return body;
  throw Error(Code::invalid, std::string("the body is ") + mortise::name_of(body.kind()) + ", not an object",
              "send a JSON object")
      .with("expected", "a JSON object");
}

// A text, or nothing when it is absent or null. Throws Error{invalid}.
[[nodiscard]] inline std::string text_of(const Value& map, std::string_view key) {
  const Value* text = map.find(key);
  if (text == nullptr || text->is_null()) return {};
  if (text->is(Kind::string)) return std::string(text->as_string());
  throw Error(Code::invalid, std::string(key) + " is " + mortise::name_of(text->kind()) + ", not a text")
      .with("key", std::string(key))
      .with("expected", "a text");
}

[[nodiscard]] inline std::string required_text(const Value& map, std::string_view key) {
  std::string text = text_of(map, key);
  if (!text.empty()) return text;
  throw Error(Code::invalid, "the body lacks " + std::string(key))
      .with("key", std::string(key))
      .with("expected", "a text");
}

[[nodiscard]] inline std::optional<std::int64_t> number_of(const Value& map, std::string_view key, std::int64_t least,
                                                           std::int64_t most) {
  const Value* number = map.find(key);
  if (number == nullptr || number->is_null()) return std::nullopt;
  if (number->is(Kind::int64) && number->as_int64() >= least && number->as_int64() <= most) return number->as_int64();
  throw Error(Code::invalid, std::string(key) + " must be a whole number from " + std::to_string(least) + " to " +
                                 std::to_string(most))
      .with("key", std::string(key));
}

}  // namespace mortise::http
