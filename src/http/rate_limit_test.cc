#include "http/rate_limit.h"

#include <doctest/doctest.h>

using mortise::http::RateLimit;
using namespace std::chrono_literals;

TEST_CASE("a client may send a burst, then as many requests as the rate gives") {
  RateLimit limit;
  limit.set(10, 3);
  const auto begin = RateLimit::Clock::now();
  for (int i = 0; i < 3; ++i) CHECK_FALSE(limit.take("a", begin));
  CHECK(limit.take("a", begin) == 100ms);
  CHECK_FALSE(limit.take("b", begin));
  CHECK(limit.take("a", begin + 60ms) == 40ms);
  CHECK_FALSE(limit.take("a", begin + 100ms));
  CHECK(limit.take("a", begin + 100ms).has_value());
  for (int i = 0; i < 3; ++i) CHECK_FALSE(limit.take("a", begin + 10s));
  CHECK(limit.take("a", begin + 10s).has_value());
}

TEST_CASE("a rate of nothing is no limit") {
  RateLimit limit;
  limit.set(0, 1);
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(limit.take("a", {}));
  CHECK(limit.clients() == 0);
}

TEST_CASE("the memory for clients is bounded") {
  RateLimit limit;
  limit.set(1, 1);
  const auto now = RateLimit::Clock::now();
  for (std::size_t i = 0; i < 3 * RateLimit::most_clients; ++i) (void)limit.take(std::to_string(i), now);
  CHECK(limit.clients() <= RateLimit::most_clients);
}
