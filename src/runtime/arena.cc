#include "runtime/arena.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "base/error.h"
#include "os/process.h"

namespace mortise::runtime {
namespace {

constexpr std::uint64_t alignment = 64;
constexpr std::uint64_t page = 4096;

std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) noexcept { return (bytes + unit - 1) / unit * unit; }

std::uint64_t next_serial() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

struct RunMemory::Chunk {
  os::Fd file;
  os::Mapping mapping;
  std::map<std::uint64_t, std::uint64_t> free;          // offset -> size; neighbours are always joined
  std::map<std::uint64_t, std::weak_ptr<Block>> live;  // by offset
};

std::shared_ptr<RunMemory> RunMemory::make(Limits limits) {
  if (limits.total_bytes == 0) limits.total_bytes = os::physical_memory() / 2;
  return std::shared_ptr<RunMemory>(new RunMemory(limits));
}

RunMemory::RunMemory(Limits limits) : limits_(limits), serial_(next_serial()) {}
RunMemory::~RunMemory() = default;

RunMemory::Block::Block(std::shared_ptr<RunMemory> memory, Place place, std::byte* data, std::uint64_t size) noexcept
    : memory_(std::move(memory)), place_(place), data_(data), size_(size) {}

RunMemory::Block::~Block() { memory_->give_back(place_, size_); }

std::shared_ptr<RunMemory::Block> RunMemory::allocate(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > limits_.total_bytes || round_up(bytes, alignment) > limits_.total_bytes - in_use_) {
    throw Error(Code::busy,
                "the run holds " + std::to_string(in_use_) + " of " + std::to_string(limits_.total_bytes) +
                    " bytes of shared memory and needs " + std::to_string(bytes) + " more",
                "process the data in smaller batches");
  }
  const std::uint64_t wanted = std::max(round_up(bytes, alignment), alignment);
  for (std::uint32_t i = 0; i < chunks_.size(); ++i) {
    if (auto block = take(i, wanted)) return block;
  }
  auto chunk = std::make_unique<Chunk>();
  const std::uint64_t size = std::max(limits_.segment_bytes, round_up(wanted, page));
  chunk->file = os::make_memory_file("mortise-run", size);
  chunk->mapping = os::map(chunk->file, size, os::Access::write);
  os::seal(chunk->file, os::Seals::size_and_future_write);
  chunk->free.emplace(0, size);
  chunks_.push_back(std::move(chunk));
  return take(static_cast<std::uint32_t>(chunks_.size() - 1), wanted);
}

// First fit. Null when nothing of the segment is large enough.
std::shared_ptr<RunMemory::Block> RunMemory::take(std::uint32_t index, std::uint64_t bytes) {
  Chunk& chunk = *chunks_[index];
  const auto fit = std::find_if(chunk.free.begin(), chunk.free.end(), [&](const auto& gap) { return gap.second >= bytes; });
  if (fit == chunk.free.end()) return nullptr;
  const auto [offset, size] = *fit;
  auto block = std::make_shared<Block>(shared_from_this(), Place{index, offset}, chunk.mapping.data() + offset, bytes);
  chunk.free.erase(fit);
  if (size > bytes) chunk.free.emplace(offset + bytes, size - bytes);
  chunk.live.emplace(offset, block);
  in_use_ += bytes;
  return block;
}

void RunMemory::give_back(Place place, std::uint64_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  Chunk& chunk = *chunks_[place.segment];
  chunk.live.erase(place.offset);
  in_use_ -= bytes;
  auto gap = chunk.free.emplace(place.offset, bytes).first;
  if (const auto next = std::next(gap); next != chunk.free.end() && gap->first + gap->second == next->first) {
    gap->second += next->second;
    chunk.free.erase(next);
  }
  if (gap == chunk.free.begin()) return;
  const auto previous = std::prev(gap);
  if (previous->first + previous->second == gap->first) {
    previous->second += gap->second;
    chunk.free.erase(gap);
  }
}

std::optional<RunMemory::Place> RunMemory::find(const void* data, std::uint64_t bytes) const {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t i = 0; i < chunks_.size(); ++i) {
    const os::Mapping& mapping = chunks_[i]->mapping;
    if (mapping.contains(data, bytes)) {
      return Place{i, static_cast<std::uint64_t>(static_cast<const std::byte*>(data) - mapping.data())};
    }
  }
  return std::nullopt;
}

std::shared_ptr<RunMemory::Block> RunMemory::block_at(Place place, std::uint64_t bytes) const {
  std::shared_ptr<Block> block;  // before the lock: letting go of a last reference takes the lock itself
  const std::lock_guard lock(mutex_);
  if (place.segment >= chunks_.size()) return nullptr;
  const auto& live = chunks_[place.segment]->live;
  auto entry = live.upper_bound(place.offset);
  if (entry == live.begin()) return nullptr;
  block = std::prev(entry)->second.lock();
  if (block == nullptr) return nullptr;
  const std::uint64_t inside = place.offset - block->place().offset;
  if (inside > block->size() || bytes > block->size() - inside) return nullptr;
  return block;
}

RunMemory::Segment RunMemory::segment(std::uint32_t index) const {
  const std::lock_guard lock(mutex_);
  const Chunk& chunk = *chunks_.at(index);
  return {chunk.file.get(), chunk.mapping.size()};
}

std::uint64_t RunMemory::bytes_in_use() const {
  const std::lock_guard lock(mutex_);
  return in_use_;
}

}  // namespace mortise::runtime
