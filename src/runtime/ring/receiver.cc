#include "runtime/ring/receiver.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/error.h"
#include "runtime/ring/futex.h"

namespace mortise::runtime {

RingReceiver::RingReceiver(const Lane& lane) : lane_(lane), buffer_(new std::byte[lane.capacity + frame_slack]) {
  std::memset(buffer_.get() + lane.capacity, 0, frame_slack);
}

bool RingReceiver::fetch() {
  if (begin_ != end_) return !away_;
  const std::uint32_t there = written() - read_;
  if (there < ahead_) throw Error(Code::invalid, "broken ring: its writer takes back what it wrote");
  if (there == 0) return false;
  if (there > lane_.capacity) {
    throw Error(Code::invalid, "broken ring: it holds " + std::to_string(lane_.capacity) + " bytes, its writer says " +
                                   std::to_string(there));
  }
  const std::uint32_t at = read_ & (lane_.capacity - 1);
  const std::size_t first = std::min(there, lane_.capacity - at);
  std::memcpy(buffer_.get(), lane_.data + at, first);
  std::memcpy(buffer_.get() + first, lane_.data, there - first);
  begin_ = 0;
  end_ = there;
  read_ += there;
  ahead_ = 0;
  lane_.head().store(read_, std::memory_order_release);
  return !away_;
}

// The next frame of the copy. A mark in its place sends us to the socket.
std::optional<Frame> RingReceiver::cut() {
  const std::size_t held = end_ - begin_;
  if (held == 0) return std::nullopt;
  const std::byte* start = buffer_.get() + begin_;
  if (held < frame_prefix_size) throw Error(Code::invalid, "broken ring: a frame in it is cut");
  const std::span<const std::byte, frame_prefix_size> front(start, frame_prefix_size);
  if (read_mark(front) == FrameMark::socket) {
    begin_ += frame_prefix_size;
    away_ = true;
    return std::nullopt;
  }
  const FramePrefix prefix = read_prefix(front);
  if (held < prefix.frame_size()) throw Error(Code::invalid, "broken ring: a frame in it is cut");
  if (prefix.descriptors != 0) throw Error(Code::invalid, "broken ring: a frame in it announces descriptors");
  begin_ += prefix.frame_size();
  const std::byte* header = start + frame_prefix_size;
  return Frame{{header, prefix.header_size}, {header + prefix.header_size, prefix.segments_size}, 0};
}

// The mark that sends us to the socket is written before anything is sent there: what comes unannounced breaks the protocol.
std::optional<RingReceiver::Taken> RingReceiver::next(FrameDecoder& socket) {
  while (true) {
    if (!away_) {
      if (const auto frame = cut()) return Taken{*frame, true};
      if (away_) continue;
    }
    while (socket.take_mark(FrameMark::bell)) {
    }
    if (!away_) {
      if (!socket.holds_prefix()) return std::nullopt;
      if (!fetch()) throw Error(Code::invalid, "broken ring: a frame came over the socket while the ring was in use");
      continue;
    }
    if (socket.take_mark(FrameMark::ring)) {
      away_ = false;
      (void)fetch();
      continue;
    }
    const auto frame = socket.next();
    if (!frame) return std::nullopt;
    return Taken{*frame, false};
  }
}

bool RingReceiver::doze(Asleep how) noexcept {
  if (said_ != how) lane_.asleep().store(static_cast<std::uint32_t>(how), std::memory_order_seq_cst);
  said_ = how;
  if (away_ || !waiting()) return true;
  awake();
  return false;
}

void RingReceiver::awake() noexcept {
  if (said_ == Asleep::no) return;
  said_ = Asleep::no;
  lane_.asleep().store(static_cast<std::uint32_t>(Asleep::no), std::memory_order_release);
}

void RingReceiver::sleep(std::chrono::nanoseconds most) noexcept { futex_wait(*lane_.tail_word, read_, most); }

void RingReceiver::interrupt() const noexcept { futex_wake(*lane_.tail_word); }

}  // namespace mortise::runtime
