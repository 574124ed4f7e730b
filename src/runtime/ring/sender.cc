#include "runtime/ring/sender.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"
#include "runtime/ring/futex.h"

namespace mortise::runtime {

// Free bytes. What the reader says counts only within what we know: between the last sound answer and what was written.
std::uint32_t RingSender::room() {
  const std::uint32_t read = lane_.head().load(std::memory_order_acquire);
  if (read - known_read_ > written_ - known_read_) {
    throw Error(Code::invalid, "broken ring: its reader says that it read " + std::to_string(read - known_read_) +
                                   " of " + std::to_string(written_ - known_read_) + " bytes");
  }
  known_read_ = read;
  return lane_.capacity - (written_ - known_read_);
}

// Back from the socket it goes only when half of the ring is free: a reader that lags must not be sent to and fro.
bool RingSender::takes(const OutgoingFrame& frame) {
  const std::uint32_t half = lane_.capacity / 2;
  if (frame.size > half) return false;
  const auto wanted = static_cast<std::uint32_t>(frame.size + frame_prefix_size);
  const std::uint32_t least = away_ ? std::max(wanted, half) : wanted;
  const std::uint32_t surely_free = lane_.capacity - (written_ - known_read_);
  return surely_free >= least || room() >= least;
}

RingSender::Sent RingSender::send(const OutgoingFrame& frame, bool has_descriptors) {
  const bool taken = !has_descriptors && takes(frame);
  const bool was_away = std::exchange(away_, !taken);
  if (taken) {
    put(frame.head);
    for (const data::Bytes segment : frame.segments) put(segment);
  } else if (!was_away) {
    put(frame_mark(FrameMark::socket));
  } else {
    return {false, FrameMark::none};
  }
  // Sequentially consistent, as is the look at `asleep` that follows: a reader that falls asleep sees the bytes, or we see
  // that it does.
  lane_.tail().store(written_, std::memory_order_seq_cst);
  if (was_away) return {true, FrameMark::ring};  // the reader waits at the socket
  const auto reader = static_cast<Asleep>(lane_.asleep().load(std::memory_order_seq_cst));
  if (reader == Asleep::at_futex) futex_wake(*lane_.tail_word);
  // A frame that goes over the socket wakes a reader there by itself.
  return {taken, taken && reader == Asleep::at_socket ? FrameMark::bell : FrameMark::none};
}

void RingSender::put(std::span<const std::byte> bytes) noexcept {
  const std::uint32_t at = written_ & (lane_.capacity - 1);
  const std::size_t first = std::min<std::size_t>(bytes.size(), lane_.capacity - at);
  std::memcpy(lane_.data + at, bytes.data(), first);
  if (first < bytes.size()) std::memcpy(lane_.data, bytes.data() + first, bytes.size() - first);
  written_ += static_cast<std::uint32_t>(bytes.size());
}

}  // namespace mortise::runtime
