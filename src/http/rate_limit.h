// RateLimit: a token bucket for each client.
//
// A bucket holds `burst` requests and is refilled at `rate` a second; a request that finds it empty is refused and told when
// to come back. Only so many buckets are kept: full ones are forgotten first, since a new one would be full as well. Belongs
// to the I/O thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

namespace mortise::http {

class RateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t most_clients = 10'000;

  // A rate of 0 is no limit.
  void set(double rate, double burst);
  // Nothing when the request may pass, else how long to wait before the next.
  [[nodiscard]] std::optional<std::chrono::milliseconds> take(const std::string& client, Clock::time_point now);
  [[nodiscard]] std::size_t clients() const noexcept { return buckets_.size(); }

 private:
  struct Bucket {
    double filled;
    Clock::time_point at;
  };
  void refill(Bucket& bucket, Clock::time_point now) const;
  void forget(Clock::time_point now);

  double rate_ = 0, burst_ = 0;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace mortise::http
