#include "runtime/child/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "os/socket.h"

namespace mortise::runtime::child {
namespace {

constexpr std::size_t max_waiting_descriptors = 16;
constexpr std::uint32_t longest_spin_us = 1000;
constexpr std::chrono::milliseconds moment{10};  // at the futex; who waits longer waits at the socket

// Poll's timeout: -1 without an end, rounded up so that a wait never ends early.
int milliseconds_until(std::optional<Clock::time_point> until) {
  if (!until) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

void wait_for(int descriptor, short events, int timeout) {
  pollfd wanted{descriptor, events, 0};
  if (::poll(&wanted, 1, timeout) < 0 && errno != EINTR) throw os::system_error("cannot wait for the host", "");
}

// The parts of a frame, taken off the front as they are sent.
class Outbox {
 public:
  explicit Outbox(const OutgoingFrame& frame) : frame_(frame), left_(frame.size) {}

  [[nodiscard]] bool empty() const noexcept { return left_ == 0; }

  [[nodiscard]] std::span<const iovec> parts() {
    std::size_t count = 0;
    for (std::size_t index = part_; index <= frame_.segments.size() && count < parts_.size(); ++index) {
      const data::Bytes bytes = part(index).subspan(index == part_ ? offset_ : 0);
      if (!bytes.empty()) parts_[count++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
    }
    return {parts_.data(), count};
  }

  void sent(std::size_t bytes) noexcept {
    left_ -= bytes;
    offset_ += bytes;
    while (part_ <= frame_.segments.size() && offset_ >= part(part_).size()) offset_ -= part(part_++).size();
  }

 private:
  [[nodiscard]] data::Bytes part(std::size_t index) const noexcept {
    return index == 0 ? frame_.head : frame_.segments[index - 1];
  }

  const OutgoingFrame& frame_;
  std::uint64_t left_;
  std::size_t part_ = 0;  // 0 is the head
  std::size_t offset_ = 0;
  std::array<iovec, 64> parts_;
};

}  // namespace

os::Fd adopt_socket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
    throw Error(Code::invalid, "descriptor " + std::to_string(descriptor) + " is not the stream socket of a host",
                "workers are started by a Mortise host, not by hand");
  }
  (void)::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return os::Fd(descriptor);
}

Connection::Connection(os::Fd socket)
    : socket_(std::move(socket)),
      reader_(From::host, {data::Sender::cannot_write, data::max_wire_values, ~std::uint64_t{0}}) {}

Connection::Fill Connection::fill(os::Wait wait) {
  if (closed_) return Fill::closed;
  const os::Transfer transfer =
      os::receive_some(socket_.get(), decoder_.space(), descriptors_, max_waiting_descriptors, wait);
  if (transfer.io == os::Io::would_block) return Fill::none;
  closed_ = transfer.io == os::Io::closed;
  if (closed_) return Fill::closed;
  decoder_.received(transfer.bytes);
  return Fill::some;
}

// The next message among the bytes that are here.
Received Connection::take(data::BulkReader& bulk) {
  std::optional<Frame> frame;
  bool from_ring = false;
  if (ring_ == nullptr) {
    frame = decoder_.next();
  } else if (const auto taken = ring_->receiver.next(decoder_)) {
    frame = taken->frame;
    from_ring = taken->from_ring;
  }
  if (!frame) return {};
  if (frame->descriptors > descriptors_.size()) {
    throw Error(Code::invalid, "broken frame: its descriptors did not come");
  }
  if (!from_ring && !decoder_.amid_frame() && frame->descriptors < descriptors_.size()) {
    throw Error(Code::invalid, "broken frame: it brings descriptors that its prefix does not announce");
  }
  Received received{Received::Is::message, reader_.read(*frame, &bulk), {}};
  const bool brings_memory = std::holds_alternative<message::Arena>(received.message) ||
                             std::holds_alternative<message::RingOffer>(received.message);
  if (frame->descriptors != (brings_memory ? 1 : 0)) {
    throw Error(Code::invalid, "broken frame: it brings descriptors that it must not, or lacks one");
  }
  if (brings_memory) {
    received.descriptor = std::move(descriptors_.front());
    descriptors_.erase(descriptors_.begin());
  }
  return received;
}

Received Connection::receive_now(data::BulkReader& bulk) {
  for (;;) {
    Received received = take(bulk);
    if (received.is == Received::Is::message) return received;
    if (ring_ != nullptr && ring_->receiver.fetch()) continue;
    switch (fill()) {
      case Fill::some: break;
      case Fill::none: return {};
      case Fill::closed: received.is = Received::Is::closed; return received;
    }
  }
}

Received Connection::receive(data::BulkReader& bulk, std::optional<Clock::time_point> until) {
  for (;;) {
    Received received = take(bulk);
    if (received.is == Received::Is::message) return received;
    switch (ring_ == nullptr ? wait_at_socket(until) : wait_at_ring(until)) {
      case Fill::some: break;
      case Fill::closed: received.is = Received::Is::closed; return received;
      case Fill::none:
        if (until && Clock::now() >= *until) return received;
    }
  }
}

Connection::Fill Connection::wait_at_socket(std::optional<Clock::time_point> until) {
  const Fill filled = fill(until ? os::Wait::no : os::Wait::yes);
  if (filled == Fill::none && until && Clock::now() < *until) wait_for(socket_.get(), POLLIN, milliseconds_until(until));
  return filled;
}

// Looks for a while, sleeps on the futex for a moment, then at the socket.
Connection::Fill Connection::wait_at_ring(std::optional<Clock::time_point> until) {
  RingReceiver& receiver = ring_->receiver;
  if (receiver.away()) return wait_at_socket(until);
  const std::chrono::microseconds budget(std::min(ring_->memory.spin().load(std::memory_order_relaxed), longest_spin_us));
  if (!ring_->spin.look(budget, [&] { return receiver.waiting(); }) && receiver.doze(Asleep::at_futex)) {
    const auto left = until ? std::max(*until - Clock::now(), Clock::duration::zero()) : Clock::duration(moment);
    receiver.sleep(std::min<Clock::duration>(left, moment));
    receiver.awake();
  }
  if (receiver.fetch() || !receiver.doze(Asleep::at_socket)) return Fill::some;
  const Fill filled = wait_at_socket(until);
  receiver.awake();
  return filled != Fill::some && receiver.fetch() ? Fill::some : filled;
}

void Connection::use_ring(RingMemory memory) { ring_ = std::make_unique<Ring>(std::move(memory)); }

bool Connection::send(const OutgoingFrame& frame) {
  if (ring_ == nullptr) return send_by_socket(frame);
  RingSender::Sent sent{};
  try {
    sent = ring_->sender.send(frame, false);
  } catch (const Error&) {  // the host's side of the ring cannot be: as good as gone
    return false;
  }
  if (sent.mark != FrameMark::none && !send_by_socket({frame_mark(sent.mark), {}, frame_prefix_size})) return false;
  return sent.in_ring || send_by_socket(frame);
}

bool Connection::send_by_socket(const OutgoingFrame& frame) {
  Outbox outbox(frame);
  while (!outbox.empty()) {
    const os::Transfer transfer = os::send_some(socket_.get(), outbox.parts(), {});
    if (transfer.io == os::Io::closed) return false;
    if (transfer.io == os::Io::would_block) {
      wait_for(socket_.get(), POLLOUT, -1);
    } else {
      outbox.sent(transfer.bytes);
    }
  }
  return true;
}

}  // namespace mortise::runtime::child
