// Outbox: the producer's end of a streaming response, with what waits to be written.
//
// Producers append; the I/O thread takes everything that waits and writes it as one piece. A producer that is faster than
// its reader waits; a reader that takes nothing at all is cut off by the connection's own deadline, which frees the
// producer. So a stream holds at most `limit` bytes and one message.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "http/message.h"

namespace mortise::http {

class Outbox final : public Stream {
 public:
  static constexpr std::size_t limit = 1024 * 1024;

  // `wake` is called, on the sender's thread, whenever the I/O thread has something to do.
  explicit Outbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  bool send(std::string bytes) override;
  void end() override;
  void on_closed(std::function<void()> action) override;

  // For the I/O thread.
  struct Taken {
    std::string bytes;
    bool ended = false;  // nothing comes after these bytes
  };
  [[nodiscard]] Taken take();
  void close();  // the reader is gone, or all has been written

 private:
  enum class State { open, ended, closed };

  std::mutex mutex_;
  std::condition_variable room_;
  State state_ = State::open;
  std::string waiting_;
  std::vector<std::function<void()>> on_closed_;
  const std::function<void()> wake_;
};

}  // namespace mortise::http
