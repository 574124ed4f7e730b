// Latencies: how long things took, as a histogram with four steps per doubling, so that a percentile is right within a
// fifth. Adding costs three atomic additions. Thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>

namespace mortise::runtime {

class Latencies {
 public:
  void add(std::chrono::nanoseconds took) noexcept {
    const auto value = static_cast<std::uint64_t>(took.count() < 0 ? 0 : took.count());
    counts_[index_of(value)].fetch_add(1, std::memory_order_relaxed);
    std::uint64_t longest = longest_.load(std::memory_order_relaxed);
    while (value > longest && !longest_.compare_exchange_weak(longest, value, std::memory_order_relaxed)) {
    }
  }

  // The time within which this fraction of them (0 to 1) stayed; 0 when there are none.
  [[nodiscard]] std::chrono::nanoseconds percentile(double fraction) const noexcept {
    std::uint64_t total = 0;
    for (const auto& count : counts_) total += count.load(std::memory_order_relaxed);
    if (total == 0) return {};
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(total) + 0.5);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i].load(std::memory_order_relaxed);
      if (seen >= wanted && seen > 0) return std::min(std::chrono::nanoseconds(static_cast<std::int64_t>(end_of(i))), longest());
    }
    return longest();
  }
  [[nodiscard]] std::chrono::nanoseconds longest() const noexcept {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(longest_.load(std::memory_order_relaxed)));
  }

 private:
  static constexpr std::size_t steps = 4;
  static std::size_t index_of(std::uint64_t value) noexcept {
    if (value < steps) return value;
    const auto doublings = static_cast<std::size_t>(std::bit_width(value)) - 1;
    return (doublings - 1) * steps + ((value >> (doublings - 2)) & (steps - 1));
  }
  static std::uint64_t end_of(std::size_t index) noexcept {
    if (index < steps) return index;
    const std::size_t doublings = index / steps + 1;
    return ((steps + index % steps + 1) << (doublings - 2)) - 1;
  }

  std::array<std::atomic<std::uint64_t>, 64 * steps> counts_{};
  std::atomic<std::uint64_t> longest_{0};
};

}  // namespace mortise::runtime
