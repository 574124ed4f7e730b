// The fixed binary form of what host, launcher and zygotes say to each other: numbers as they lie in memory, texts with their
// size before them. Both ends are always the same build. Reading checks every length and throws Error{invalid}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace mortise::runtime::sandbox {

inline constexpr std::size_t max_packet = 128U << 10;
inline constexpr std::size_t max_strings = 1024;  // in one list

class Writer {
 public:
  template <typename T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    const auto* bytes = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  void text(const std::string& value);
  void texts(const std::vector<std::string>& values);
  [[nodiscard]] std::vector<std::byte> take();  // throws Error{invalid} when it is larger than max_packet

 private:
  std::vector<std::byte> bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  T number() {
    T value{};
    need(sizeof value);
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_ = bytes_.subspan(sizeof value);
    return value;
  }
  // One of 0 to `last`.
  template <typename T>
  T choice(T last) {
    const auto value = number<std::uint8_t>();
    if (value > static_cast<std::uint8_t>(last)) throw Error(Code::invalid, "a packet has a choice of " + std::to_string(value));
    return static_cast<T>(value);
  }
  [[nodiscard]] std::string text();
  [[nodiscard]] std::vector<std::string> texts();
  [[nodiscard]] std::size_t count(std::size_t most);
  void end() const;  // nothing may be left

 private:
  void need(std::size_t size) const;
  std::span<const std::byte> bytes_;
};

}  // namespace mortise::runtime::sandbox
