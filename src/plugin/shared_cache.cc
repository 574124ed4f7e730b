#include "plugin/shared_cache.h"

namespace mortise::plugin {
namespace {

std::string name_of(std::string_view space, std::string_view key) {
  std::string name(space);
  name += '\0';
  return name.append(key);
}

}  // namespace

void SharedCache::drop(Entries::iterator entry) {
  counts_.bytes -= entry->name.size() + entry->block.size;
  --counts_.entries;
  by_name_.erase(entry->name);
  entries_.erase(entry);
}

// What is over goes before what is not; looking through all of it is worth it only when there is no room.
void SharedCache::make_room(std::uint64_t bytes, Clock::time_point now) {
  if (counts_.bytes + bytes <= limits_.bytes) return;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto here = entry++;
    if (here->until > now) continue;
    ++counts_.expired;
    drop(here);
  }
  while (!entries_.empty() && counts_.bytes + bytes > limits_.bytes) {
    ++counts_.evicted;
    drop(std::prev(entries_.end()));
  }
}

std::optional<SharedCache::Block> SharedCache::get(std::string_view space, std::string_view key,
                                                   Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name_of(space, key));
  if (found != by_name_.end() && found->second->until > now) {
    ++counts_.hits;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->block;
  }
  ++counts_.misses;
  if (found != by_name_.end()) {
    ++counts_.expired;
    drop(found->second);
  }
  return std::nullopt;
}

SharedCache::Stored SharedCache::put(std::string_view space, std::string_view key, Block block,
                                     std::optional<std::chrono::milliseconds> ttl, Clock::time_point now) {
  std::string name = name_of(space, key);
  const std::uint64_t size = name.size() + block.size;
  const std::lock_guard lock(mutex_);
  if (const auto found = by_name_.find(name); found != by_name_.end()) drop(found->second);
  if (block.size > limits_.entry_bytes || size > limits_.bytes) return Stored::too_large;
  make_room(size, now);
  entries_.push_front({name, std::move(block), now + ttl.value_or(limits_.ttl)});
  by_name_[std::move(name)] = entries_.begin();
  counts_.bytes += size;
  ++counts_.entries;
  ++counts_.stored;
  return Stored::yes;
}

bool SharedCache::remove(std::string_view space, std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name_of(space, key));
  if (found == by_name_.end()) return false;
  drop(found->second);
  return true;
}

std::size_t SharedCache::clear(std::string_view space) {
  const std::string prefix = name_of(space, "");
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (auto found = by_name_.lower_bound(prefix); found != by_name_.end() && found->first.starts_with(prefix);
       ++count) {
    const auto entry = found->second;
    ++found;
    drop(entry);
  }
  return count;
}

void SharedCache::limit(Limits limits) {
  const std::lock_guard lock(mutex_);
  limits_ = limits;
  make_room(0, Clock::now());
}

SharedCache::Limits SharedCache::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

SharedCache::Counts SharedCache::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace mortise::plugin
