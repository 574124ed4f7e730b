#include "runtime/wire/header.h"

#include <algorithm>
#include <limits>

#include "base/utf8.h"
#include "runtime/wire/message.h"

namespace mortise::runtime {

void broken(const std::string& what) { throw Error(Code::invalid, "broken message: " + what); }

bool Header::find(std::string_view key, dom::element& found) const {
  return object_.at_key(key).get(found) == simdjson::SUCCESS;
}

std::string_view Header::text(std::string_view key) const {
  dom::element found;
  if (!find(key, found) || found.is_null()) return {};
  std::string_view text;
  if (found.get(text) != simdjson::SUCCESS) broken("'" + std::string(key) + "' is not a string");
  return text;
}

std::uint64_t Header::count(std::string_view key) const {
  dom::element found;
  if (!find(key, found) || found.is_null()) return 0;
  std::int64_t number = 0;
  if (!found.is<std::int64_t>() || found.get(number) != simdjson::SUCCESS || number < 0) {
    broken("'" + std::string(key) + "' is not an integer from 0 to 9223372036854775807");
  }
  return static_cast<std::uint64_t>(number);
}

std::uint64_t Header::positive(std::string_view key) const {
  const std::uint64_t number = count(key);
  if (number == 0) broken("'" + std::string(key) + "' is missing or 0");
  return number;
}

std::uint32_t Header::arena() const {
  const std::uint64_t number = positive("arena");
  if (number > std::numeric_limits<std::uint32_t>::max()) broken("there is no arena " + std::to_string(number));
  return static_cast<std::uint32_t>(number);
}

std::int64_t Header::timeout() const {
  return static_cast<std::int64_t>(std::min(count("timeout_ms"), longest_timeout_ms));
}

Header Header::inner(std::string_view key) const {
  dom::element found;
  dom::object object;
  if (!find(key, found) || found.get(object) != simdjson::SUCCESS) {
    broken("'" + std::string(key) + "' is not an object");
  }
  return {object, decoder_};
}

Value Header::value(std::string_view key) const {
  dom::element found;
  return find(key, found) ? decoder_.decode(found) : Value();
}

Value Header::map(std::string_view key) const {
  Value value = this->value(key);
  if (value.is_null()) return Value::map();
  if (!value.is(Kind::map)) {
    throw Error(Code::invalid, "'" + std::string(key) + "' is " + name_of(value.kind()) + ", expected map");
  }
  return value;
}

Error read_error(const Header& from, Code code, std::uint32_t depth) {
  const auto bounded = [](std::string_view text) { return std::string(utf8_prefix(text, max_error_text)); };
  Error error(code, bounded(from.text("message")), bounded(from.text("hint")));
  dom::element part;
  if (from.find("details", part) && part.is_object()) {
    for (const auto [key, value] : dom::object(part)) {
      if (error.details().size() == max_error_details) break;
      if (value.is_string()) error.with(bounded(key), bounded(std::string_view(value)));
    }
  }
  if (from.find("cause", part) && part.is_object()) {
    if (depth >= max_cause_depth) broken("an error with more than 32 causes");
    const Header cause = from.inner("cause");
    error.because(read_error(cause, code_named(cause.text("code")).value_or(Code::plugin), depth + 1));
  }
  return error;
}

}  // namespace mortise::runtime
