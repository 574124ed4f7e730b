// Header: the members of one message's header, read by type. What is missing or of another type breaks the protocol.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "data/wire.h"
#include "mortise/value.hpp"

namespace mortise::runtime {

namespace dom = simdjson::dom;

// Throws Error{invalid} "broken message: ...".
[[noreturn]] void broken(const std::string& what);

inline constexpr std::uint64_t longest_timeout_ms = 315'360'000'000;  // ten years; more would overflow somebody's clock

class Header {
 public:
  Header(dom::object object, data::WireDecoder& decoder) : object_(object), decoder_(decoder) {}

  [[nodiscard]] bool find(std::string_view key, dom::element& found) const;

  // Absent or null is empty and 0.
  [[nodiscard]] std::string_view text(std::string_view key) const;
  [[nodiscard]] std::uint64_t count(std::string_view key) const;
  [[nodiscard]] std::uint64_t positive(std::string_view key) const;  // absent and 0 are refused
  [[nodiscard]] std::uint32_t arena() const;
  [[nodiscard]] std::int64_t timeout() const;  // "timeout_ms", at most ten years
  [[nodiscard]] Header inner(std::string_view key) const;

  // Values; absent is null and the empty map. What breaks their rules is an Error that the sender may be answered with.
  [[nodiscard]] Value value(std::string_view key) const;
  [[nodiscard]] Value map(std::string_view key) const;

 private:
  dom::object object_;
  data::WireDecoder& decoder_;
};

// An error object: {"message", "hint", "details", "cause"}.
[[nodiscard]] Error read_error(const Header& from, Code code, std::uint32_t depth = 1);

}  // namespace mortise::runtime
