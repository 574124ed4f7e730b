// Buffer: bytes, and whoever keeps them alive.
//
// The storage under tensors and tables. It may be heap memory of this process, a region of shared memory, or a part of
// somebody else's Arrow array; a reader does not care. Bytes behind a Buffer never change while it exists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

namespace mortise::data {

inline constexpr std::size_t buffer_alignment = 64;  // what Arrow recommends and arenas promise

using Bytes = std::span<const std::byte>;

struct Buffer {
  Bytes bytes;
  std::shared_ptr<const void> keeper;  // null: the maker promised that the bytes outlive all users

  // The bytes as elements of T; a rest smaller than one element is left out. They must be aligned for T.
  template <typename T>
  [[nodiscard]] std::span<const T> as() const noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }
};

// Memory being filled; it becomes a Buffer when it is done.
struct Block {
  std::span<std::byte> bytes;
  std::shared_ptr<void> keeper;

  [[nodiscard]] Buffer freeze() && { return {bytes, std::move(keeper)}; }
};

// Heap memory, aligned to 64 bytes, its content not initialised. Throws Error{busy} when there is none.
[[nodiscard]] Block allocate_block(std::size_t size);
[[nodiscard]] Buffer copy_of(Bytes bytes);

}  // namespace mortise::data
