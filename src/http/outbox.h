// Outbox: the producer's end of a streaming response, with what waits to be written.
//
// Producers append from any thread; the I/O thread takes everything that waits and writes it as one piece. A reader that
// is so slow that more than `limit` bytes wait is cut off: a stream must not hold up its producer, nor grow without end.
#pragma once

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
    bool overrun = false;
  };
  [[nodiscard]] Taken take();
  void close();  // the reader is gone, or all has been written

 private:
  enum class State { open, ended, overrun, closed };

  std::mutex mutex_;
  State state_ = State::open;
  std::string waiting_;
  std::vector<std::function<void()>> on_closed_;
  const std::function<void()> wake_;
};

}  // namespace mortise::http
