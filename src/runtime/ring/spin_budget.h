// SpinBudget: how long anybody here may look before sleeping; nothing while the machine has more work than processors, or
// only one processor: there a sleeper is woken quickly, and who looks takes the time from whom it waits for.
//
// Measured once: what it costs to wake a sleeper, several times over, or two who each wait for the other to be awake never meet.
// Asked often: at most every 20 ms it counts what wants to run (/proc/loadavg). Thread-safe; asking costs a clock or less.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "os/fd.h"

namespace mortise::runtime {

class SpinBudget {
 public:
  SpinBudget();

  // Wakes a thread of its own some times, which takes less than a millisecond when the machine is idle. Before that, nobody
  // looks at all.
  void measure_once() noexcept;
  [[nodiscard]] std::chrono::microseconds now(std::chrono::steady_clock::time_point now) noexcept;

  static constexpr std::chrono::microseconds least{50}, most{200};

 private:
  [[nodiscard]] bool crowded() const noexcept;

  static constexpr std::chrono::milliseconds fresh{20};
  std::once_flag once_;
  std::atomic<std::int64_t> measured_us_{0};
  const unsigned processors_;
  const os::Fd load_;
  std::atomic<std::int64_t> looked_at_{0};  // nanoseconds of the steady clock
  std::atomic<bool> crowded_{true};
};

// How many of these want to run, out of the text of /proc/loadavg ("0.20 0.18 0.12 3/80 11206"); 0 when it says nothing.
[[nodiscard]] unsigned running_in(const char* text) noexcept;

}  // namespace mortise::runtime
