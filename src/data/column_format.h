// What a format string of the Arrow C data interface means for memory: which buffers a column has, and how wide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "data/table.h"

namespace mortise::data {

enum class Layout : std::uint8_t {
  none,      // n: no buffer
  bits,      // b: validity, bits
  fixed,     // validity, values
  variable,  // u z: validity, offsets, data
  list,      // +l: validity, offsets; one child
  record,    // +s: validity; children
};

struct ColumnFormat {
  Layout layout = Layout::none;
  std::uint32_t width = 0;         // of a fixed value, in bytes
  std::uint32_t offset_width = 0;  // 4 or 8: variable and list
  bool utf8 = false;
  bool index = false;  // may stand under a dictionary: the eight integers
};

// Throws Error{unsupported} for a format that docs/worker-protocol.md does not list.
[[nodiscard]] ColumnFormat column_format(std::string_view format);

[[nodiscard]] std::size_t buffers_of(Layout layout) noexcept;
[[nodiscard]] constexpr std::uint64_t bitmap_bytes(std::uint64_t bits) noexcept {
  return bits / 8 + (bits % 8 != 0 ? 1 : 0);
}
[[nodiscard]] inline bool bit_at(const std::byte* bitmap, std::int64_t index) noexcept {
  return (std::to_integer<unsigned>(bitmap[index >> 3]) >> (index & 7) & 1) != 0;
}
// Zero bits among the first `length`.
[[nodiscard]] std::int64_t count_zero_bits(const std::byte* bitmap, std::int64_t length) noexcept;

}  // namespace mortise::data
