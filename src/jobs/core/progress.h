// ProgressGate: thins the progress reports of one call out, so that a plugin that reports every row does not drown everything
// else that watchers want to see. The first report passes, then at most one in each interval, and the one that says "done".
#pragma once

#include <chrono>
#include <mutex>

namespace mortise::jobs {

class ProgressGate {
 public:
  using Clock = std::chrono::steady_clock;

  explicit ProgressGate(Clock::duration interval = std::chrono::milliseconds(100)) : interval_(interval) {}

  // `fraction` from 0 to 1, or negative when unknown. Thread-safe.
  [[nodiscard]] bool passes(double fraction, Clock::time_point at = Clock::now()) {
    const std::lock_guard lock(mutex_);
    const bool done = fraction >= 1.0;
    const bool first = last_ == Clock::time_point{};
    if (done ? done_ : !first && at - last_ < interval_) return false;
    done_ = done_ || done;
    last_ = at;
    return true;
  }

 private:
  const Clock::duration interval_;
  std::mutex mutex_;
  Clock::time_point last_;
  bool done_ = false;
};

}  // namespace mortise::jobs
