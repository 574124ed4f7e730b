#include "runtime/worker_memory.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "base/error.h"

namespace mortise::runtime {
namespace {

constexpr std::uint64_t smallest_arena = 1U << 20;
constexpr std::uint64_t page = 4096;

std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) noexcept { return (bytes + unit - 1) / unit * unit; }

}  // namespace

void WorkerMemory::begin(std::shared_ptr<RunMemory> run) {
  run_ = std::move(run);
  copied_ = 0;
  forget_ended_runs();
}

bool WorkerMemory::forget_ended_runs() {
  bool others = false;
  for (auto arena = readable_.begin(); arena != readable_.end();) {
    if (arena->second.run.expired()) {
      dropped_.push_back(arena->first);
      arena = readable_.erase(arena);
    } else {
      others = others || scratch_ == nullptr || arena->second.serial != scratch_->serial();
      ++arena;
    }
  }
  return others;
}

void WorkerMemory::rest() {
  for (const auto& [number, arena] : writable_) os::punch_hole(arena->file, 0, arena->mapping.size());
  scratch_.reset();
  forget_ended_runs();
}

void WorkerMemory::end() noexcept {
  for (auto& [number, arena] : writable_) arena->used = 0;
  held_.clear();
  announcements_.clear();
  run_.reset();
}

RunMemory& WorkerMemory::outgoing() {
  if (run_ != nullptr) return *run_;
  if (scratch_ == nullptr) scratch_ = RunMemory::make({.segment_bytes = 16ULL << 20, .total_bytes = 0});
  return *scratch_;
}

std::uint32_t WorkerMemory::number_of(RunMemory& run, std::uint32_t segment) {
  for (const auto& [number, arena] : readable_) {
    if (arena.serial == run.serial() && arena.segment == segment) return number;
  }
  const std::uint32_t number = ++last_number_;
  readable_.emplace(number, ReadArena{run.weak_from_this(), run.serial(), segment});
  const RunMemory::Segment file = run.segment(segment);
  announcements_.push_back({{number, file.size, message::Access::read}, file.descriptor});
  return number;
}

bool WorkerMemory::find(data::Bytes bytes, data::ArenaPlace& place) {
  RunMemory* run = run_ != nullptr ? run_.get() : scratch_.get();
  if (run == nullptr) return false;
  const auto found = run->find(bytes.data(), bytes.size());
  if (!found || found->offset % 64 != 0) return false;
  place = {number_of(*run, found->segment), found->offset, bytes.size()};
  return true;
}

data::ArenaPlace WorkerMemory::put(data::Bytes bytes) {
  RunMemory& run = outgoing();
  std::shared_ptr<RunMemory::Block> block = run.allocate(bytes.size());
  std::memcpy(block->data(), bytes.data(), bytes.size());
  copied_ += bytes.size();
  const RunMemory::Place at = block->place();
  held_.push_back(std::move(block));
  return {number_of(run, at.segment), at.offset, bytes.size()};
}

data::Buffer WorkerMemory::resolve(const data::ArenaPlace& place) {
  const std::string name = "arena " + std::to_string(place.arena);
  if (const auto found = writable_.find(place.arena); found != writable_.end()) {
    const os::Mapping& mapping = found->second->mapping;
    if (place.offset > mapping.size() || place.size > mapping.size() - place.offset) {
      throw Error(Code::invalid, std::to_string(place.size) + " bytes at " + std::to_string(place.offset) + " are not within " +
                                     name + " of " + std::to_string(mapping.size()) + " bytes");
    }
    return {{mapping.data() + place.offset, place.size}, found->second};
  }
  const auto found = readable_.find(place.arena);
  if (found == readable_.end()) throw Error(Code::invalid, name + " is unknown");
  // What a worker was given it may hand back, but of this call's run alone, and only what is still there.
  const RunMemory* run = run_ != nullptr ? run_.get() : scratch_.get();
  if (run == nullptr || run->serial() != found->second.serial) throw Error(Code::invalid, name + " belongs to another run");
  std::shared_ptr<RunMemory::Block> block = run->block_at({found->second.segment, place.offset}, place.size);
  if (block == nullptr) {
    throw Error(Code::invalid, std::to_string(place.size) + " bytes at " + std::to_string(place.offset) + " of " + name +
                                   " are not a part of what was sent");
  }
  const std::byte* data = block->data() + (place.offset - block->place().offset);
  return {{data, place.size}, std::move(block)};
}

data::Block WorkerMemory::allocate(std::size_t size) {
  if (run_ == nullptr) return data::allocate_block(size);
  std::shared_ptr<RunMemory::Block> block = run_->allocate(size);
  return {{block->data(), size}, std::move(block)};
}

data::ArenaPlace WorkerMemory::lend(std::uint64_t size) {
  if (size == 0) throw Error(Code::invalid, "a region of 0 bytes of shared memory was asked for");
  for (auto& [number, arena] : writable_) {
    if (arena->mapping.size() - arena->used >= size) return lend_from(number, *arena, size);
  }
  if (size > quota_ || (round_up(size, page) > quota_ - writable_bytes_ && !drop_idle_arenas()) ||
      round_up(size, page) > quota_ - writable_bytes_) {
    throw Error(Code::busy,
                "it asked for " + std::to_string(size) + " bytes of shared memory and has " +
                    std::to_string(writable_bytes_) + " of " + std::to_string(quota_),
                "raise limits.memory or send smaller batches");
  }
  WriteArena& arena = make_write_arena(size);
  return lend_from(last_number_, arena, size);
}

data::ArenaPlace WorkerMemory::lend_from(std::uint32_t number, WriteArena& arena, std::uint64_t size) {
  const data::ArenaPlace place{number, arena.used, size};
  arena.used = std::min(round_up(arena.used + size, data::buffer_alignment), arena.mapping.size());
  return place;
}

// Each is at least as large as half of all before it, so that many small requests do not make many arenas.
WorkerMemory::WriteArena& WorkerMemory::make_write_arena(std::uint64_t size) {
  std::uint64_t wanted = std::max({smallest_arena, std::bit_ceil(size), writable_bytes_ / 2});
  wanted = round_up(std::max(std::min(wanted, quota_ - writable_bytes_), size), page);
  auto arena = std::make_shared<WriteArena>();
  arena->file = os::make_memory_file("mortise-worker", wanted);
  os::seal(arena->file, os::Seals::size);
  arena->mapping = os::map(arena->file, wanted, os::Access::read);
  announcements_.push_back({{++last_number_, wanted, message::Access::write}, arena->file.get()});
  writable_bytes_ += wanted;
  return *writable_.emplace(last_number_, std::move(arena)).first->second;
}

// Arenas of earlier calls that were too small for this one. False when there is none.
bool WorkerMemory::drop_idle_arenas() {
  const std::size_t before = dropped_.size();
  for (auto arena = writable_.begin(); arena != writable_.end();) {
    if (arena->second->used != 0) {
      ++arena;
      continue;
    }
    writable_bytes_ -= arena->second->mapping.size();
    dropped_.push_back(arena->first);
    arena = writable_.erase(arena);
  }
  return dropped_.size() != before;
}

std::vector<WorkerMemory::Announcement> WorkerMemory::take_announcements() { return std::exchange(announcements_, {}); }
std::vector<std::uint32_t> WorkerMemory::take_dropped() { return std::exchange(dropped_, {}); }

}  // namespace mortise::runtime
