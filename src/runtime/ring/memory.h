// RingMemory: the memory that a ring lies in, as both sides map it (section 6 of docs/worker-protocol.md).
//
//   0     spin: microseconds that the worker may look before it sleeps. The host writes it
//   64    to the worker:  tail | +64 head | +128 asleep
//   256   to the host:    tail | +64 head | +128 asleep
//   4096  bytes to the worker, `capacity` of them, then as many to the host
//
// Every word has one writer and a cache line of its own. Nothing here is believed: each side keeps its own copies of what it
// wrote, and checks what it reads against them. Set aside: slots of a fixed size (frames differ by a factor of a thousand).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "os/fd.h"
#include "os/memory_file.h"

namespace mortise::runtime {

inline constexpr std::uint32_t ring_control_size = 4096;
inline constexpr std::uint32_t usual_ring_capacity = 128U << 10;
inline constexpr std::uint32_t min_ring_capacity = 4U << 10;
inline constexpr std::uint32_t max_ring_capacity = 16U << 20;

// What a reader says about itself in `asleep`.
enum class Asleep : std::uint32_t { no = 0, at_futex = 1, at_socket = 2 };

// One direction. Borrows from its memory.
struct Lane {
  std::uint32_t* tail_word;    // bytes written, modulo 2^32; the writer's, and what its reader sleeps on
  std::uint32_t* head_word;    // bytes read, modulo 2^32; the reader's
  std::uint32_t* asleep_word;  // the reader's
  std::byte* data;
  std::uint32_t capacity;  // a power of two

  using Word = std::atomic_ref<std::uint32_t>;
  [[nodiscard]] Word tail() const noexcept { return Word(*tail_word); }
  [[nodiscard]] Word head() const noexcept { return Word(*head_word); }
  [[nodiscard]] Word asleep() const noexcept { return Word(*asleep_word); }
};

class RingMemory {
 public:
  // The host's: a sealed memory file. Throws Error{busy} without memory.
  [[nodiscard]] static RingMemory make(std::uint32_t capacity = usual_ring_capacity);
  // The worker's: what the host offered. Throws Error{invalid} when the file or the capacity is not what it must be.
  [[nodiscard]] static RingMemory of(os::Fd file, std::uint64_t capacity);

  [[nodiscard]] Lane to_worker() const noexcept { return lane(64, 0); }
  [[nodiscard]] Lane to_host() const noexcept { return lane(256, capacity_); }
  [[nodiscard]] Lane::Word spin() const noexcept { return Lane::Word(*word(0)); }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] int descriptor() const noexcept { return file_.get(); }
  void forget_descriptor() noexcept { file_ = os::Fd(); }

 private:
  RingMemory(os::Fd file, std::uint32_t capacity);
  [[nodiscard]] Lane lane(std::size_t control, std::size_t data) const noexcept;
  [[nodiscard]] std::uint32_t* word(std::size_t offset) const noexcept;

  os::Fd file_;
  os::Mapping mapping_;
  std::uint32_t capacity_;
};

}  // namespace mortise::runtime
