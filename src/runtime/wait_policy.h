// WaitPolicy: how long a caller looks again and again before it sleeps.
//
// Waking a thread that sleeps on another processor costs up to 25 us in a virtual machine, looking costs half a
// microsecond. So the waiting thread yields and looks for about as long as a wake-up costs; on one processor, yielding is
// what lets the worker run, and is never a loss. A worker whose calls take long anyway is not waited for like that: after
// a few calls beyond the budget the waiter sleeps at once, and tries spinning again now and then.
#pragma once

#include <chrono>
#include <cstdint>

#include "runtime/call.h"

namespace mortise::runtime {

struct WaitPolicy {
  std::chrono::microseconds spin{50};
  std::uint32_t patience = 8;     // this many calls beyond the budget in a row end the spinning
  std::uint32_t retry_every = 64;  // then every so many calls one spins, to see whether it became quick

  // Measures what a wake-up costs between two threads of this process, and spins for as long, within 20 to 100 us.
  // Takes about two milliseconds.
  [[nodiscard]] static WaitPolicy measured();
};

// The memory of one worker's recent calls.
class SpinHistory {
 public:
  explicit SpinHistory(const WaitPolicy& policy) : policy_(policy) {}

  // How long to spin in the next call; zero: sleep at once.
  [[nodiscard]] std::chrono::microseconds next() noexcept {
    if (misses_ < policy_.patience) return policy_.spin;
    return ++since_ % policy_.retry_every == 0 ? policy_.spin : std::chrono::microseconds(0);
  }
  void answered_within_spin() noexcept { misses_ = since_ = 0; }
  void slept() noexcept { misses_ += misses_ < policy_.patience ? 1 : 0; }

 private:
  const WaitPolicy policy_;
  std::uint32_t misses_ = 0;
  std::uint32_t since_ = 0;
};

}  // namespace mortise::runtime
