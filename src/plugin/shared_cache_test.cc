#include "plugin/shared_cache.h"

#include <doctest/doctest.h>

#include <cstring>

using mortise::plugin::SharedCache;
using namespace std::chrono_literals;

namespace {

SharedCache::Block block(std::size_t size) {
  const std::shared_ptr<std::byte[]> bytes(new std::byte[size == 0 ? 1 : size]());
  return {{bytes, bytes.get()}, size};
}

}  // namespace

TEST_CASE("an entry is there until its time is over") {
  SharedCache cache({.ttl = 10s});
  const auto now = SharedCache::Clock::now();
  cache.put("a", "k", block(3), std::nullopt, now);
  cache.put("a", "short", block(3), 1s, now);
  CHECK(cache.get("a", "k", now + 9s)->size == 3);
  CHECK_FALSE(cache.get("a", "short", now + 1s));
  CHECK_FALSE(cache.get("a", "k", now + 10s));
  CHECK(cache.counts().entries == 0);
  CHECK(cache.counts().bytes == 0);
  CHECK(cache.counts().hits == 1);
  CHECK(cache.counts().misses == 2);
  CHECK(cache.counts().expired == 2);
}

TEST_CASE("plugins do not see each other's entries") {
  SharedCache cache({});
  cache.put("a", "k", block(1), {});
  cache.put("ab", "k", block(2), {});
  CHECK(cache.get("a", "k")->size == 1);
  CHECK(cache.get("ab", "k")->size == 2);
  CHECK_FALSE(cache.get("b", "k"));
  CHECK(cache.clear("a") == 1);
  CHECK_FALSE(cache.get("a", "k"));
  CHECK(cache.get("ab", "k"));
  CHECK(cache.remove("ab", "k"));
  CHECK_FALSE(cache.remove("ab", "k"));
}

TEST_CASE("when it is full, what nobody used for longest goes, and what is over goes first") {
  SharedCache cache({.bytes = 320, .entry_bytes = 200});
  const auto now = SharedCache::Clock::now();
  for (const char* key : {"1", "2", "3"}) CHECK(cache.put("s", key, block(100), {}, now) == SharedCache::Stored::yes);
  CHECK(cache.get("s", "1", now));
  cache.put("s", "4", block(100), {}, now);
  CHECK_FALSE(cache.get("s", "2", now));
  CHECK(cache.get("s", "1", now));
  CHECK(cache.counts().evicted == 1);
  CHECK(cache.counts().bytes <= 320);

  cache.put("s", "4", block(100), 1s, now);
  cache.put("s", "5", block(100), {}, now + 2s);
  CHECK(cache.get("s", "1", now + 2s));
  CHECK(cache.get("s", "3", now + 2s));
  CHECK(cache.counts().evicted == 1);

  CHECK(cache.put("s", "large", block(201), {}, now) == SharedCache::Stored::too_large);
  CHECK_FALSE(cache.get("s", "large", now));
  cache.limit({.bytes = 0});
  CHECK(cache.counts().entries == 0);
}
