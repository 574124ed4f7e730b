// The two orders of an array: R's, whose first index runs fastest, and a tensor's, whose last one does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mortise::r {

enum class Order : std::uint8_t { to_first_fastest, to_last_fastest };

// Whether the two orders differ: more than one axis has more than one element.
[[nodiscard]] bool is_turned(const std::vector<std::int64_t>& shape) noexcept;

// Both are as long as the shape times the element. Linear, one element at a time.
void reorder(std::span<const std::byte> from, std::span<std::byte> to, const std::vector<std::int64_t>& shape,
             std::size_t element, Order order) noexcept;

}  // namespace mortise::r
