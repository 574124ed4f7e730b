// Fields of JSON that a stranger wrote. Whatever is not as it must be is an Error{invalid} that names file, key and expectation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::market {

class Fields {
 public:
  // Borrows `value`, which must be an object. `place` is where it stands: "index.json", "index.json: packages[3]".
  Fields(const Value& value, std::string place);
  Fields(Value&&, std::string) = delete;

  [[nodiscard]] std::string text(std::string_view key, std::size_t longest = 4'000) const;
  [[nodiscard]] std::string text_or_empty(std::string_view key, std::size_t longest = 4'000) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view key, std::size_t most = 1'000) const;  // empty when absent
  [[nodiscard]] std::int64_t number(std::string_view key, std::int64_t least = 0) const;
  [[nodiscard]] bool flag(std::string_view key) const;  // false when absent
  [[nodiscard]] Time time(std::string_view key) const;
  [[nodiscard]] std::string sha256(std::string_view key) const;  // 64 hexadecimal digits, lower case
  [[nodiscard]] const Value& map(std::string_view key) const;
  [[nodiscard]] const Value& list(std::string_view key, std::size_t most) const;  // an empty one when absent

  [[nodiscard]] Error wrong(std::string_view key, const std::string& expected) const;
  [[nodiscard]] const std::string& place() const noexcept { return place_; }

 private:
  const Value& value_;
  std::string place_;
};

// Exactly 64 hexadecimal digits in lower case.
[[nodiscard]] bool is_sha256(std::string_view text) noexcept;

}  // namespace mortise::market
