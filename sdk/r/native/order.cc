#include "order.h"

#include <algorithm>
#include <cstring>

namespace mortise::r {

bool is_turned(const std::vector<std::int64_t>& shape) noexcept {
  return std::ranges::count_if(shape, [](std::int64_t size) { return size != 1; }) > 1;
}

// Walks the tensor's order and keeps, for every axis, where the other order's index stands.
void reorder(std::span<const std::byte> from, std::span<std::byte> to, const std::vector<std::int64_t>& shape,
             std::size_t element, Order order) noexcept {
  if (from.empty()) return;
  const std::size_t rank = shape.size();
  std::vector<std::size_t> stride(rank, element);  // of R's order
  for (std::size_t axis = 1; axis < rank; ++axis)
    stride[axis] = stride[axis - 1] * static_cast<std::size_t>(shape[axis - 1]);
  std::vector<std::int64_t> index(rank, 0);
  std::size_t other = 0;
  for (std::size_t at = 0; at < from.size(); at += element) {
    if (order == Order::to_first_fastest) {
      std::memcpy(to.data() + other, from.data() + at, element);
    } else {
      std::memcpy(to.data() + at, from.data() + other, element);
    }
    for (std::size_t axis = rank; axis-- > 0;) {
      other += stride[axis];
      if (++index[axis] < shape[axis]) break;
      other -= stride[axis] * static_cast<std::size_t>(shape[axis]);
      index[axis] = 0;
    }
  }
}

}  // namespace mortise::r
