// RingReceiver: the reading half of a stream of frames that lies partly in a ring and partly on a socket.
//
// The writer may be hostile and may scribble at any time. So the bytes are copied out once, `tail` is read once per look and
// compared with our own count, and frames are cut and checked in the copy only. The end of what is there is the end of a
// frame; a frame that is cut, a `tail` beyond the capacity or one that goes back, or a frame on the socket that the ring did not
// announce is Error{invalid}, and the connection is over.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "runtime/ring/memory.h"
#include "runtime/wire/frame.h"

namespace mortise::runtime {

class RingReceiver {
 public:
  explicit RingReceiver(const Lane& lane);

  // Copies out what is there, unless the last copy was not used up. True when next() may have something.
  [[nodiscard]] bool fetch();
  // The next frame, from the ring or, while away(), from what came over the socket.
  struct Taken {
    Frame frame;
    bool from_ring;
  };
  [[nodiscard]] std::optional<Taken> next(FrameDecoder& socket);
  // The stream goes on at the socket.
  [[nodiscard]] bool away() const noexcept { return away_; }
  // Something is here that next() did not hand out.
  [[nodiscard]] bool waiting() noexcept {
    ahead_ = std::max(ahead_, written() - read_);
    return begin_ != end_ || ahead_ != 0;
  }

  // Before a sleep: tells the writer how to wake us. False: do not sleep, something is there (and we are awake again).
  [[nodiscard]] bool doze(Asleep how) noexcept;
  void awake() noexcept;
  // After doze(at_futex).
  void sleep(std::chrono::nanoseconds most) noexcept;
  // From any thread: ends a sleep().
  void interrupt() const noexcept;

 private:
  [[nodiscard]] std::uint32_t written() const noexcept { return lane_.tail().load(std::memory_order_seq_cst); }
  [[nodiscard]] std::optional<Frame> cut();

  Lane lane_;
  std::uint32_t read_ = 0;   // our own count; `head` only tells the writer
  std::uint32_t ahead_ = 0;  // of what we read, `tail` was seen: it must not go back, or we could be kept awake for ever
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool away_ = false;
  Asleep said_ = Asleep::no;
};

}  // namespace mortise::runtime
