#include "runtime/child/arenas.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace mortise::runtime::child {
namespace {

constexpr std::uint64_t smallest_region = 1u << 20;

constexpr std::uint64_t aligned(std::uint64_t size) noexcept {
  return (size + data::buffer_alignment - 1) / data::buffer_alignment * data::buffer_alignment;
}

// The size of a file that nobody can make smaller under our feet.
std::uint64_t sealed_size(const os::Fd& file, const message::Arena& arena) {
  const std::string name = "arena " + std::to_string(arena.arena);
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || (seals & F_SEAL_GROW) == 0) {
    throw Error(Code::invalid, name + " is not a memory file sealed against shrinking and growing");
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw os::system_error("cannot look at " + name, "");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < arena.size || size == 0) {
    throw Error(Code::invalid,
                name + " has " + std::to_string(size) + " bytes; " + std::to_string(arena.size) + " were announced");
  }
  return size;
}

[[noreturn]] void outside(const data::ArenaPlace& place, std::uint64_t size) {
  throw Error(Code::invalid, std::to_string(place.size) + " bytes at " + std::to_string(place.offset) +
                                 " do not lie within arena " + std::to_string(place.arena) + " of " +
                                 std::to_string(size) + " bytes");
}

void check_within(const data::ArenaPlace& place, std::uint64_t size) {
  if (place.offset > size || place.size > size - place.offset) outside(place, size);
}

// Puts a private copy in the place of shared pages; to whoever reads there, nothing happens.
void replace_pages(std::byte* begin, std::size_t size) {
  void* copy = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) {
    throw os::system_error("cannot keep " + std::to_string(size) + " bytes of input beyond its call", "");
  }
  std::memcpy(copy, begin, size);
  ::mprotect(copy, size, PROT_READ);
  if (::mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, begin) == MAP_FAILED) {
    const Error error = os::system_error("cannot keep " + std::to_string(size) + " bytes of input beyond its call", "");
    ::munmap(copy, size);
    throw error;
  }
}

}  // namespace

void Arenas::add(const message::Arena& arena, os::Fd file) {
  const std::lock_guard lock(mutex_);
  if (arenas_.contains(arena.arena)) throw Error(Code::invalid, "arena " + std::to_string(arena.arena) + " came twice");
  const auto access = arena.access == message::Access::write ? os::Access::write : os::Access::read;
  auto mapping = std::make_shared<os::Mapping>(os::map(file, sealed_size(file, arena), access));
  arenas_.emplace(arena.arena, Arena{std::move(file), arena.access, std::move(mapping)});
}

void Arenas::drop(std::uint32_t number) noexcept {
  const std::lock_guard lock(mutex_);
  arenas_.erase(number);
}

data::Buffer Arenas::resolve(const data::ArenaPlace& place) {
  const std::lock_guard lock(mutex_);
  const auto found = arenas_.find(place.arena);
  if (found == arenas_.end()) throw Error(Code::invalid, "arena " + std::to_string(place.arena) + " is unknown");
  const std::shared_ptr<os::Mapping>& mapping = found->second.mapping;
  check_within(place, mapping->size());
  auto use = std::make_shared<const Use>(Use{mapping, {mapping->data() + place.offset, place.size}});
  uses_.push_back(use);
  return {use->bytes, use};
}

bool Arenas::find(data::Bytes bytes, data::ArenaPlace& place) {
  const std::lock_guard lock(mutex_);
  const auto at = [&](std::uint32_t number, std::uint64_t offset) {
    place = {number, offset, bytes.size()};
    return offset % data::buffer_alignment == 0;
  };
  for (const Region& region : regions_) {
    if (bytes.data() < region.bytes.data() || bytes.data() >= region.bytes.data() + region.bytes.size()) continue;
    const auto offset = static_cast<std::uint64_t>(bytes.data() - region.bytes.data());
    return bytes.size() <= region.bytes.size() - offset && at(region.place.arena, region.place.offset + offset);
  }
  for (const auto& [number, arena] : arenas_) {
    if (arena.access != message::Access::read || !arena.mapping->contains(bytes.data(), bytes.size())) continue;
    return at(number, static_cast<std::uint64_t>(bytes.data() - arena.mapping->data()));
  }
  return false;
}

// Asking waits for the host, whose `arena` message comes in by add(): not under the lock.
const Arenas::Region& Arenas::lend(std::uint64_t size) {
  const data::ArenaPlace place = ask_(size);
  const std::lock_guard lock(mutex_);
  const auto found = arenas_.find(place.arena);
  if (found == arenas_.end() || found->second.access != message::Access::write) {
    throw Error(Code::invalid,
                "the host lent a region in arena " + std::to_string(place.arena) + ", which is not there to write");
  }
  os::Mapping& mapping = *found->second.mapping;
  check_within(place, mapping.size());
  if (place.size < size || place.offset % data::buffer_alignment != 0) outside(place, mapping.size());
  return regions_.emplace_back(Region{place, {mapping.data() + place.offset, place.size}});
}

std::span<std::byte> Arenas::region(std::uint64_t size) { return lend(std::max<std::uint64_t>(size, 1)).bytes; }

data::ArenaPlace Arenas::put(data::Bytes bytes) {
  const std::uint64_t size = aligned(bytes.size());
  if (spare_.bytes.size() < size) spare_ = lend(std::max(size, smallest_region));
  const data::ArenaPlace place{spare_.place.arena, spare_.place.offset, bytes.size()};
  std::memcpy(spare_.bytes.data(), bytes.data(), bytes.size());
  spare_.bytes = spare_.bytes.subspan(size);
  spare_.place.offset += size;
  return place;
}

bool Arenas::input_is_held() {
  const std::lock_guard lock(mutex_);
  std::erase_if(uses_, [](const auto& use) { return use.expired(); });
  return !uses_.empty();
}

void Arenas::make_private() {
  constexpr std::uintptr_t page = 4096;
  const std::lock_guard lock(mutex_);
  for (const auto& weak : uses_) {
    const auto use = weak.lock();
    if (use == nullptr || use->bytes.empty()) continue;
    const auto first = reinterpret_cast<std::uintptr_t>(use->bytes.data()) / page * page;
    const auto last =
        (reinterpret_cast<std::uintptr_t>(use->bytes.data() + use->bytes.size()) + page - 1) / page * page;
    replace_pages(reinterpret_cast<std::byte*>(first), last - first);
    // What comes next must see the shared pages again: the arena gets a mapping of its own elsewhere.
    for (auto& [number, arena] : arenas_) {
      if (arena.mapping != use->mapping) continue;
      arena.mapping = std::make_shared<os::Mapping>(os::map(arena.file, arena.mapping->size(), os::Access::read));
    }
  }
  uses_.clear();
}

void Arenas::end_call() noexcept {
  const std::lock_guard lock(mutex_);
  uses_.clear();
  regions_.clear();
  spare_ = {};
}

}  // namespace mortise::runtime::child
