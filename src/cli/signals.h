// SIGINT, SIGTERM and SIGHUP as something to read instead of something that interrupts.
//
// Make one at the very start, before any thread: the signals are blocked in the making thread and in all that it starts.
#pragma once

#include <chrono>
#include <optional>

namespace mortise::cli {

class Signals {
 public:
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }  // readable when a signal came
  [[nodiscard]] std::optional<int> take() noexcept;                      // the next one, if there is one
  [[nodiscard]] int wait() noexcept;                                     // blocks for the next one
  // Blocks for at most so long.
  [[nodiscard]] std::optional<int> wait_for(std::chrono::milliseconds time) noexcept;

 private:
  int descriptor_;
};

}  // namespace mortise::cli
