// Connection: the worker's end of the socket, and of the ring when there is one, as messages in and frames out.
//
// Sending and receiving may happen on two threads at once; each of the two has one thread at a time, which its caller sees
// to. A host that is gone is an answer (closed), not an error: it is how workers end.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "os/fd.h"
#include "os/socket.h"
#include "runtime/ring/memory.h"
#include "runtime/ring/receiver.h"
#include "runtime/ring/sender.h"
#include "runtime/ring/spin.h"
#include "runtime/wire/frame.h"
#include "runtime/wire/message.h"

namespace mortise::runtime::child {

using Clock = std::chrono::steady_clock;

struct Received {
  enum class Is { message, nothing, closed };
  Is is = Is::nothing;
  Message message = message::Bye{};
  os::Fd descriptor;  // of a message that brings memory
};

// Takes over the descriptor that the worker was started with. Throws Error{invalid} when it is no stream socket.
[[nodiscard]] os::Fd adopt_socket(int descriptor);

class Connection {
 public:
  explicit Connection(os::Fd socket);

  // Sleeps until a message came, the host is gone, or `until` passed (nothing). Throws Error{invalid} when the host breaks
  // the protocol.
  Received receive(data::BulkReader& bulk, std::optional<Clock::time_point> until = std::nullopt);
  // Looks without waiting.
  Received receive_now(data::BulkReader& bulk);

  // Sends all of it, waiting as long as the host takes. False: the host is gone.
  bool send(const OutgoingFrame& frame);

  // From now on frames travel through the ring where they can. While nobody sends or receives.
  void use_ring(RingMemory memory);

  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }
  // Bytes that the last received message had to copy out of shared memory.
  [[nodiscard]] std::uint64_t copied() const noexcept { return reader_.copied(); }

 private:
  Received take(data::BulkReader& bulk);
  enum class Fill { some, none, closed };
  Fill fill(os::Wait wait = os::Wait::no);
  Fill wait_at_socket(std::optional<Clock::time_point> until);
  Fill wait_at_ring(std::optional<Clock::time_point> until);
  bool send_by_socket(const OutgoingFrame& frame);

  os::Fd socket_;
  FrameDecoder decoder_;
  MessageReader reader_;
  std::vector<os::Fd> descriptors_;  // arrived, and not yet claimed by a frame
  bool closed_ = false;

  struct Ring {
    explicit Ring(RingMemory shared)
        : memory(std::move(shared)), sender(memory.to_host()), receiver(memory.to_worker()) {}
    RingMemory memory;
    RingSender sender;
    RingReceiver receiver;
    Spin spin;
  };
  std::unique_ptr<Ring> ring_;
};

}  // namespace mortise::runtime::child
