// Memory files: shared memory without a name, passed to other processes as a descriptor (memfd).
//
// Seals make promises to the receiver that the kernel keeps. A file sealed against shrinking cannot make a reader fault;
// one sealed against future writing can be written only through mappings made before the seal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "os/fd.h"

namespace mortise::os {

enum class Access { read, write };

// A shared mapping of a file. Moves, and unmaps itself.
class Mapping {
 public:
  Mapping() noexcept = default;
  Mapping(Mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Mapping();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] bool contains(const void* address, std::uint64_t bytes) const noexcept;

 private:
  friend Mapping map(const Fd& file, std::uint64_t size, Access access);
  Mapping(std::byte* data, std::uint64_t size) noexcept : data_(data), size_(size) {}
  std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
};

// Throws Error{busy} when there is no memory or address space.
[[nodiscard]] Mapping map(const Fd& file, std::uint64_t size, Access access);

// A new memory file of that size, all zero, no page of it touched yet. `name` shows up in /proc only.
[[nodiscard]] Fd make_memory_file(const std::string& name, std::uint64_t size);

enum class Seals {
  size,                   // SHRINK, GROW, SEAL: a region that another process fills
  size_and_future_write,  // the same and FUTURE_WRITE: only mappings that exist now can write
};
void seal(const Fd& file, Seals seals);

// Gives the pages of a range back to the system; they read as zero afterwards. Best effort.
void punch_hole(const Fd& file, std::uint64_t offset, std::uint64_t size) noexcept;

}  // namespace mortise::os
