// RingSender: the writing half of a stream of frames that lies partly in a ring and partly on a socket.
//
//   in the ring ──the mark "on at the socket" in the ring──► away ──a frame in the ring, then the mark "on in the ring"
//   over the socket──► in the ring
//
// What has descriptors, is large, or finds no room goes over the socket. Room for the mark that says so is always kept, so a
// writer never waits for room in the ring: the socket's own flow control takes over. A frame becomes visible as a whole.
#pragma once

#include <cstdint>

#include "runtime/ring/memory.h"
#include "runtime/wire/message.h"

namespace mortise::runtime {

class RingSender {
 public:
  explicit RingSender(const Lane& lane) noexcept : lane_(lane) {}

  struct Sent {
    bool in_ring;    // else the frame itself goes over the socket now
    FrameMark mark;  // to be sent over the socket at once, in any case
  };
  // Writes the frame, or says in the ring that it goes over the socket, and wakes a reader that sleeps on the futex. Throws
  // Error{invalid} when the reader claims to have read what was never written.
  [[nodiscard]] Sent send(const OutgoingFrame& frame, bool has_descriptors);

  // How far was written into the ring, and whether the reader says that it read so far.
  [[nodiscard]] std::uint32_t written() const noexcept { return written_; }
  [[nodiscard]] bool was_read(std::uint32_t position) const noexcept {
    return static_cast<std::int32_t>(lane_.head().load(std::memory_order_acquire) - position) >= 0;
  }

 private:
  [[nodiscard]] bool takes(const OutgoingFrame& frame);
  [[nodiscard]] std::uint32_t room();
  void put(std::span<const std::byte> bytes) noexcept;

  Lane lane_;
  std::uint32_t written_ = 0;     // our own count; `tail` only tells the reader
  std::uint32_t known_read_ = 0;  // the last `head` that was sound
  bool away_ = false;
};

}  // namespace mortise::runtime
