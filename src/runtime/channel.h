// Channel: the host's end of a worker's socket, and of the ring when there is one, as messages.
//
// It is used by one thread at a time and does not block, but for a moment where it is asked to; who waits, and how, is the
// driver's business. What the socket does
// not take at once is kept and goes with flush(). Everything that arrives is checked: a broken frame, a broken header or a
// wrong number of descriptors throws Error{invalid}, and the connection is over.
//
// A driver that sleeps on descriptor() sleeps on the ring, too, after doze().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "os/fd.h"
#include "os/socket.h"
#include "runtime/ring/memory.h"
#include "runtime/ring/receiver.h"
#include "runtime/ring/sender.h"
#include "runtime/ring/spin.h"
#include "runtime/wire/frame.h"
#include "runtime/wire/message.h"

namespace mortise::runtime {

class Channel {
 public:
  explicit Channel(os::Fd socket);

  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

  // Encodes and sends. The descriptors must stay open until sending() is false. A closed peer is noticed when receiving.
  void send(const Message& message, data::BulkWriter* bulk = nullptr, std::span<const int> descriptors = {});
  // The same for a message that must follow others: `before` may send, and runs after the encoding, before the sending.
  template <typename Before>
  void send(const Message& message, data::BulkWriter* bulk, Before&& before) {
    const OutgoingFrame frame = writer_.write(message, bulk);
    before();
    transmit(frame, {});
  }
  // For what `before` sends: uses another buffer.
  void send_ahead(const Message& message, std::span<const int> descriptors);

  // From now on frames travel through the ring where they can. `futex`: the worker wakes a host that sleeps on one.
  enum class Futex { no, yes };
  void use_ring(RingMemory memory, Futex futex);
  [[nodiscard]] bool has_ring() const noexcept { return ring_ != nullptr; }
  // How long both sides may look before they sleep, from now on.
  void set_spin(std::chrono::microseconds spin) noexcept;

  // The peer had closed its end when something was sent; it did not get that.
  [[nodiscard]] bool lost() const noexcept { return lost_; }
  // The same for a ring, afterwards: where what was sent ends, and whether the worker took it before it went. Without a ring it did.
  [[nodiscard]] std::uint32_t position() const noexcept { return ring_ != nullptr ? ring_->sender.written() : 0; }
  [[nodiscard]] bool was_read(std::uint32_t position) const noexcept {
    return ring_ == nullptr || ring_->sender.was_read(position);
  }
  // Something is left to send.
  [[nodiscard]] bool sending() const noexcept { return !backlog_.empty(); }
  void flush();

  // One receive. done: something came; ask next() until it has nothing. Wait::yes sleeps in it, for `moment` at most.
  static constexpr std::chrono::milliseconds moment{10};
  [[nodiscard]] os::Io receive(os::Wait wait = os::Wait::no);
  // Before a sleep on the descriptor. False: something is here, do not sleep.
  [[nodiscard]] bool doze() noexcept;
  // From any thread: whoever sleeps in receive() wakes up soon.
  void interrupt() const noexcept;
  [[nodiscard]] std::optional<Message> next(data::BulkReader* bulk);
  // Bytes that the last next() copied out of shared memory.
  [[nodiscard]] std::uint64_t copied() const noexcept { return reader_.copied(); }
  // Part of a frame has come over the socket.
  [[nodiscard]] bool amid_frame() const noexcept { return decoder_.amid_frame(); }
  // Something has come that next() did not give out, as far as one can tell without a look at the socket.
  [[nodiscard]] bool waiting() const noexcept;

 private:
  struct Piece {
    std::vector<std::byte> bytes;
    std::size_t sent = 0;
    std::vector<int> descriptors;
  };
  void transmit(const OutgoingFrame& frame, std::span<const int> descriptors);
  bool transmit_by_ring(const OutgoingFrame& frame, std::span<const int> descriptors);
  void transmit_by_socket(const OutgoingFrame& frame, std::span<const int> descriptors);
  os::Io receive_from_socket(os::Wait wait);
  os::Io receive_by_ring(os::Wait wait);
  bool wait_for_ring(Futex futex);

  os::Fd socket_;
  MessageWriter writer_;
  MessageWriter ahead_;
  MessageReader reader_;
  FrameDecoder decoder_;
  std::vector<Piece> backlog_;
  bool lost_ = false;  // the peer is gone; nothing is sent any more

  struct Ring {
    Ring(RingMemory shared, Futex futex)
        : memory(std::move(shared)), sender(memory.to_worker()), receiver(memory.to_host()), by_futex(futex) {}
    RingMemory memory;
    RingSender sender;
    RingReceiver receiver;
    Futex by_futex;
    Spin spin;
    std::chrono::microseconds budget{0};
    std::optional<Error> broken;  // found out while sending
  };
  std::unique_ptr<Ring> ring_;
  std::atomic<const Ring*> sleeper_{nullptr};  // somebody sleeps on its futex
};

}  // namespace mortise::runtime
