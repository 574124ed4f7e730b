// Channel: the host's end of a worker's socket, as messages.
//
// It is used by one thread at a time and does not block, but for a moment where it is asked to; who waits, and how, is the
// driver's business. What the socket does
// not take at once is kept and goes with flush(). Everything that arrives is checked: a broken frame, a broken header or a
// wrong number of descriptors throws Error{invalid}, and the connection is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "os/fd.h"
#include "os/socket.h"
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

  // The peer had closed its end when something was sent; it did not get that.
  [[nodiscard]] bool lost() const noexcept { return lost_; }
  // Something is left to send.
  [[nodiscard]] bool sending() const noexcept { return !backlog_.empty(); }
  void flush();

  // One receive. done: something came; ask next() until it has nothing. Wait::yes sleeps in it, for `moment` at most.
  static constexpr std::chrono::milliseconds moment{10};
  [[nodiscard]] os::Io receive(os::Wait wait = os::Wait::no);
  [[nodiscard]] std::optional<Message> next(data::BulkReader* bulk);
  // Bytes that the last next() copied out of shared memory.
  [[nodiscard]] std::uint64_t copied() const noexcept { return reader_.copied(); }
  // Part of a frame has come.
  [[nodiscard]] bool amid_frame() const noexcept { return decoder_.amid_frame(); }

 private:
  struct Piece {
    std::vector<std::byte> bytes;
    std::size_t sent = 0;
    std::vector<int> descriptors;
  };
  void transmit(const OutgoingFrame& frame, std::span<const int> descriptors);

  os::Fd socket_;
  MessageWriter writer_;
  MessageWriter ahead_;
  MessageReader reader_;
  FrameDecoder decoder_;
  std::vector<Piece> backlog_;
  bool lost_ = false;  // the peer is gone; nothing is sent any more
};

}  // namespace mortise::runtime
