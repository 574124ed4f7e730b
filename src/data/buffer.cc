#include "data/buffer.h"

#include <cstring>
#include <new>
#include <string>

#include "mortise/error.hpp"

namespace mortise::data {

Block allocate_block(std::size_t size) {
  constexpr std::align_val_t alignment{buffer_alignment};
  void* memory = ::operator new(size == 0 ? 1 : size, alignment, std::nothrow);
  if (memory == nullptr) throw Error(Code::busy, "no memory for " + std::to_string(size) + " bytes of data");
  std::shared_ptr<void> keeper(memory, [](void* freed) { ::operator delete(freed, alignment); });
  return {{static_cast<std::byte*>(memory), size}, std::move(keeper)};
}

Buffer copy_of(Bytes bytes) {
  Block block = allocate_block(bytes.size());
  if (!bytes.empty()) std::memcpy(block.bytes.data(), bytes.data(), bytes.size());
  return std::move(block).freeze();
}

}  // namespace mortise::data
