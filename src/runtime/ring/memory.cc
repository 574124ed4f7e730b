#include "runtime/ring/memory.h"

#include <sys/stat.h>

#include <bit>
#include <string>

#include "base/error.h"

namespace mortise::runtime {
namespace {

static_assert(Lane::Word::is_always_lock_free, "two processes share these words");

std::uint64_t file_size(std::uint32_t capacity) noexcept { return ring_control_size + 2 * std::uint64_t{capacity}; }

}  // namespace

RingMemory::RingMemory(os::Fd file, std::uint32_t capacity)
    : file_(std::move(file)), mapping_(os::map(file_, file_size(capacity), os::Access::write)), capacity_(capacity) {}

RingMemory RingMemory::make(std::uint32_t capacity) {
  os::Fd file = os::make_memory_file("mortise-ring", file_size(capacity));
  os::seal(file, os::Seals::size);
  return {std::move(file), capacity};
}

RingMemory RingMemory::of(os::Fd file, std::uint64_t capacity) {
  if (capacity < min_ring_capacity || capacity > max_ring_capacity || !std::has_single_bit(capacity)) {
    throw Error(Code::invalid, "a ring of " + std::to_string(capacity) + " bytes; it has a power of two from " +
                                   std::to_string(min_ring_capacity) + " to " + std::to_string(max_ring_capacity));
  }
  const auto size = static_cast<std::uint32_t>(capacity);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) < file_size(size)) {
    throw Error(Code::invalid, "the memory of a ring of " + std::to_string(size) + " bytes is too short");
  }
  return {std::move(file), size};
}

std::uint32_t* RingMemory::word(std::size_t offset) const noexcept {
  return reinterpret_cast<std::uint32_t*>(mapping_.data() + offset);
}

Lane RingMemory::lane(std::size_t control, std::size_t data) const noexcept {
  return {word(control), word(control + 64), word(control + 128), mapping_.data() + ring_control_size + data,
          capacity_};
}

}  // namespace mortise::runtime
