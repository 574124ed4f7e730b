// SharedCache: what plugins keep for each other and for their next call, for a while.
//
// Entries are blocks of bytes under a space and a key; an entry goes when its time is over, when it is replaced or removed, and,
// when all entries together are larger than the cache may be, the least recently used go first. A block that somebody still
// holds lives on for them. Thread-safe; every operation is short.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::plugin {

class SharedCache {
 public:
  using Clock = std::chrono::steady_clock;
  struct Limits {
    std::uint64_t bytes = 64U << 20U;  // keys count, too
    std::uint64_t entry_bytes = 8U << 20U;
    std::chrono::milliseconds ttl{300'000};  // of entries that do not say
  };
  struct Counts {
    std::uint64_t hits = 0, misses = 0, stored = 0, evicted = 0, expired = 0;
    std::uint64_t entries = 0, bytes = 0;
  };
  struct Block {
    std::shared_ptr<const std::byte> data;
    std::size_t size = 0;
  };

  explicit SharedCache(Limits limits) : limits_(limits) {}

  [[nodiscard]] std::optional<Block> get(std::string_view space, std::string_view key,
                                         Clock::time_point now = Clock::now());
  enum class Stored { yes, too_large };
  Stored put(std::string_view space, std::string_view key, Block block, std::optional<std::chrono::milliseconds> ttl,
             Clock::time_point now = Clock::now());
  bool remove(std::string_view space, std::string_view key);
  std::size_t clear(std::string_view space);  // how many there were

  void limit(Limits limits);
  [[nodiscard]] Limits limits() const;
  [[nodiscard]] Counts counts() const;

 private:
  struct Entry {
    std::string name;
    Block block;
    Clock::time_point until;
  };
  using Entries = std::list<Entry>;
  void drop(Entries::iterator entry);
  void make_room(std::uint64_t bytes, Clock::time_point now);

  mutable std::mutex mutex_;
  Limits limits_;
  Counts counts_;
  Entries entries_;                                                // the most recently used first
  std::map<std::string, Entries::iterator, std::less<>> by_name_;  // "space\0key"
};

}  // namespace mortise::plugin
