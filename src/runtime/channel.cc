#include "runtime/channel.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"

namespace mortise::runtime {
namespace {

constexpr std::size_t most_parts = 64;  // of one sendmsg; frames have few segments

// What is left of the parts after `sent` bytes.
std::vector<std::byte> rest_of(const OutgoingFrame& frame, std::size_t sent) {
  std::vector<std::byte> rest;
  rest.reserve(frame.size - sent);
  const auto add = [&](std::span<const std::byte> part) {
    const std::size_t skipped = std::min(sent, part.size());
    sent -= skipped;
    rest.insert(rest.end(), part.begin() + static_cast<std::ptrdiff_t>(skipped), part.end());
  };
  add(frame.head);
  for (const data::Bytes segment : frame.segments) add(segment);
  return rest;
}

iovec part_of(std::span<const std::byte> bytes) noexcept { return {const_cast<std::byte*>(bytes.data()), bytes.size()}; }

}  // namespace

Channel::Channel(os::Fd socket) : socket_(std::move(socket)), reader_(From::worker) {
  os::set_receive_timeout(socket_, moment);
}

void Channel::send(const Message& message, data::BulkWriter* bulk, std::span<const int> descriptors) {
  transmit(writer_.write(message, bulk), descriptors);
}

void Channel::send_ahead(const Message& message, std::span<const int> descriptors) {
  transmit(ahead_.write(message), descriptors);
}

void Channel::transmit(const OutgoingFrame& frame, std::span<const int> descriptors) {
  if (lost_) return;
  if (ring_ == nullptr || !transmit_by_ring(frame, descriptors)) transmit_by_socket(frame, descriptors);
}

// ---- sending through the ring ----------------------------------------------------------------------------------------

// False: the frame goes over the socket. A ring whose reader lies takes nothing any more; receive() tells why.
bool Channel::transmit_by_ring(const OutgoingFrame& frame, std::span<const int> descriptors) {
  RingSender::Sent sent{};
  try {
    if (ring_->broken) return true;
    sent = ring_->sender.send(frame, !descriptors.empty());
  } catch (const Error& error) {
    ring_->broken = error;
    return true;
  }
  // What waits for room in the socket wakes the reader as well as a bell does.
  if (sent.mark == FrameMark::ring || (sent.mark == FrameMark::bell && backlog_.empty())) {
    transmit_by_socket({frame_mark(sent.mark), {}, frame_prefix_size}, {});
  }
  return sent.in_ring;
}

void Channel::use_ring(RingMemory memory, Futex futex) { ring_ = std::make_unique<Ring>(std::move(memory), futex); }

void Channel::set_spin(std::chrono::microseconds spin) noexcept {
  if (ring_ == nullptr || ring_->budget == spin) return;
  ring_->budget = spin;
  ring_->memory.spin().store(static_cast<std::uint32_t>(spin.count()), std::memory_order_relaxed);
}

// ---- sending over the socket -----------------------------------------------------------------------------------------

void Channel::transmit_by_socket(const OutgoingFrame& frame, std::span<const int> descriptors) {
  std::size_t sent = 0;
  if (backlog_.empty()) {
    std::array<iovec, most_parts> parts;
    std::size_t count = 0;
    parts[count++] = part_of(frame.head);
    for (const data::Bytes segment : frame.segments) {
      if (count == most_parts) break;
      parts[count++] = part_of(segment);
    }
    const os::Transfer step = os::send_some(socket_.get(), std::span(parts).first(count), descriptors);
    lost_ = step.io == os::Io::closed;
    sent = step.bytes;
    if (lost_ || sent == frame.size) return;
  }
  Piece piece;
  piece.bytes = rest_of(frame, sent);
  if (sent == 0) piece.descriptors.assign(descriptors.begin(), descriptors.end());
  backlog_.push_back(std::move(piece));
  if (sent > 0) flush();
}

void Channel::flush() {
  std::size_t gone = 0;
  while (gone < backlog_.size() && !lost_) {
    Piece& piece = backlog_[gone];
    const iovec part = part_of(std::span(piece.bytes).subspan(piece.sent));
    const os::Transfer step = os::send_some(socket_.get(), std::span(&part, 1), piece.descriptors);
    if (step.io == os::Io::would_block) break;
    lost_ = step.io == os::Io::closed;
    piece.sent += step.bytes;
    if (step.bytes > 0) piece.descriptors.clear();
    if (piece.sent == piece.bytes.size()) ++gone;
  }
  if (lost_) gone = backlog_.size();
  backlog_.erase(backlog_.begin(), backlog_.begin() + static_cast<std::ptrdiff_t>(gone));
}

// ---- receiving -------------------------------------------------------------------------------------------------------

os::Io Channel::receive(os::Wait wait) { return ring_ == nullptr ? receive_from_socket(wait) : receive_by_ring(wait); }

os::Io Channel::receive_from_socket(os::Wait wait) {
  std::vector<os::Fd> surplus;
  const os::Transfer got = os::receive_some(socket_.get(), decoder_.space(), surplus, 0, wait);
  if (got.io == os::Io::done) decoder_.received(got.bytes);
  return got.io;
}

os::Io Channel::receive_by_ring(os::Wait wait) {
  if (ring_->broken) throw Error(*ring_->broken);
  RingReceiver& receiver = ring_->receiver;
  receiver.awake();
  if (receiver.away()) return receive_from_socket(wait);
  if (receiver.fetch() || (wait == os::Wait::yes && wait_for_ring(ring_->by_futex))) return os::Io::done;
  const bool by_socket = wait == os::Wait::yes && ring_->by_futex == Futex::no;
  if (by_socket && !receiver.doze(Asleep::at_socket)) return os::Io::done;
  const os::Io io = receive_from_socket(by_socket ? os::Wait::yes : os::Wait::no);
  receiver.awake();
  return io != os::Io::done && receiver.fetch() ? os::Io::done : io;  // its last words come before its end
}

// Looks for a while, then sleeps on the futex if the worker wakes us there. True: something came.
bool Channel::wait_for_ring(Futex futex) {
  RingReceiver& receiver = ring_->receiver;
  if (ring_->spin.look(ring_->budget, [&] { return receiver.waiting(); })) return receiver.fetch();
  if (futex == Futex::no) return false;
  if (receiver.doze(Asleep::at_futex)) {
    sleeper_.store(ring_.get(), std::memory_order_release);
    receiver.sleep(moment);
    sleeper_.store(nullptr, std::memory_order_release);
    receiver.awake();
  }
  return receiver.fetch();
}

bool Channel::doze() noexcept {
  return ring_ == nullptr || (!ring_->broken && ring_->receiver.doze(Asleep::at_socket));
}

void Channel::interrupt() const noexcept {
  if (const Ring* ring = sleeper_.load(std::memory_order_acquire)) ring->receiver.interrupt();
}

bool Channel::waiting() const noexcept {
  return decoder_.amid_frame() || (ring_ != nullptr && (ring_->broken || ring_->receiver.waiting()));
}

std::optional<Message> Channel::next(data::BulkReader* bulk) {
  std::optional<Frame> frame;
  if (ring_ == nullptr) {
    frame = decoder_.next();
  } else if (auto taken = ring_->receiver.next(decoder_)) {
    frame = taken->frame;
  }
  if (!frame) return std::nullopt;
  if (frame->descriptors != 0) {
    throw Error(Code::invalid, "it announced " + std::to_string(frame->descriptors) + " file descriptors; a worker sends none");
  }
  return reader_.read(*frame, bulk);
}

}  // namespace mortise::runtime
