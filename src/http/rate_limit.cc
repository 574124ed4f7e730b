#include "http/rate_limit.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace mortise::http {

void RateLimit::set(double rate, double burst) {
  rate_ = rate;
  burst_ = std::max(burst, 1.0);
  for (auto& [client, bucket] : buckets_) bucket.filled = std::min(bucket.filled, burst_);
}

void RateLimit::refill(Bucket& bucket, Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  bucket.filled = std::min(burst_, bucket.filled + std::max(seconds, 0.0) * rate_);
  bucket.at = now;
}

std::optional<std::chrono::milliseconds> RateLimit::take(const std::string& client, Clock::time_point now) {
  if (rate_ <= 0) return std::nullopt;
  if (buckets_.size() >= most_clients && !buckets_.contains(client)) forget(now);
  Bucket& bucket = buckets_.try_emplace(client, Bucket{burst_, now}).first->second;
  refill(bucket, now);
  if (bucket.filled >= 1) {
    bucket.filled -= 1;
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil((1 - bucket.filled) / rate_ * 1000)));
}

// When nobody's bucket is full, everybody's is forgotten: whoever floods with ten thousand addresses gains one burst.
void RateLimit::forget(Clock::time_point now) {
  for (auto entry = buckets_.begin(); entry != buckets_.end();) {
    refill(entry->second, now);
    entry = entry->second.filled >= burst_ ? buckets_.erase(entry) : std::next(entry);
  }
  if (buckets_.size() >= most_clients) buckets_.clear();
}

}  // namespace mortise::http
