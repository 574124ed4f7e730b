// Spin: looking again and again for a moment before falling asleep, and learning whether that was worth it.
//
// A process that sleeps is woken far slower than it answers; one that looks takes its processor from somebody else. So it
// gives the processor away between looks, and stops for a while when that goes wrong:
//   in vain    the moment passed and nothing came: the next 1, 2, 4, 8, 8 ... waits sleep at once
//   held up    giving the processor away took long, so a stranger wants it: no looking for 10, 20, 40 ... 1280 ms
// What comes while it looks makes it forget both. Whether the machine has processors to spare at all is SpinBudget's to know.
#pragma once

#include <sched.h>

#include <chrono>
#include <cstdint>

namespace mortise::runtime {

// What was learned. Pure: no clock of its own.
class SpinLessons {
 public:
  using Time = std::chrono::steady_clock::time_point;
  [[nodiscard]] bool worth_it(Time now) noexcept {
    if (now < not_before_) return false;
    if (skipped_ >= skip_) return true;
    ++skipped_;
    return false;
  }
  void came() noexcept {
    skip_ = skipped_ = 0;
    pause_ = first_pause;
  }
  void in_vain() noexcept {
    skipped_ = 0;
    skip_ = skip_ == 0 ? 1 : skip_ >= most_skipped ? most_skipped : skip_ * 2;
  }
  void held_up(Time now) noexcept {
    not_before_ = now + pause_;
    if (pause_ < longest_pause) pause_ *= 2;
  }

  static constexpr std::uint32_t most_skipped = 8;
  static constexpr std::chrono::milliseconds first_pause{10}, longest_pause{1280};

 private:
  std::uint32_t skip_ = 0, skipped_ = 0;
  std::chrono::milliseconds pause_ = first_pause;
  Time not_before_{};
};

class Spin {
 public:
  // Looks for `most` at the longest. True as soon as there() is.
  template <typename There>
  [[nodiscard]] bool look(std::chrono::nanoseconds most, There&& there) {
    if (there()) return true;
    if (most.count() <= 0) return false;
    const auto begin = std::chrono::steady_clock::now();
    if (!lessons_.worth_it(begin)) return false;
    auto before = begin;
    while (true) {
      ::sched_yield();
      if (there()) {
        lessons_.came();
        return true;
      }
      const auto now = std::chrono::steady_clock::now();
      if (now - before > long_yield) {
        lessons_.held_up(now);
        return false;
      }
      if (now - begin >= most) {
        lessons_.in_vain();
        return false;
      }
      before = now;
    }
  }

 private:
  static constexpr std::chrono::microseconds long_yield{100};
  SpinLessons lessons_;
};

}  // namespace mortise::runtime
