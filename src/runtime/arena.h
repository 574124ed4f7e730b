// RunMemory: the shared memory of one run, in which tables and tensors travel from worker to worker without a copy.
//
// It grows by segments (memory files). The host keeps the one writable mapping of each; the file is then sealed, so that a
// worker that gets its descriptor can read it and nothing else. Blocks are recycled within the run and never across runs,
// because another run's workers must not see them. A block lives as long as somebody holds it; the leaf of a Value that
// lies in it is such a holder. Thread-safe.
//
// Set aside: a fresh memory file per message. Touching new shared pages costs 2.4 us each, four to six times a copy.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "os/memory_file.h"

namespace mortise::runtime {

class RunMemory : public std::enable_shared_from_this<RunMemory> {
 public:
  struct Limits {
    std::uint64_t segment_bytes = 64ULL << 20;  // address space; pages cost memory only once touched
    std::uint64_t total_bytes = 0;              // 0: half of the machine's memory
  };
  [[nodiscard]] static std::shared_ptr<RunMemory> make(Limits limits);
  [[nodiscard]] static std::shared_ptr<RunMemory> make() { return make(Limits{}); }
  ~RunMemory();

  struct Place {
    std::uint32_t segment = 0;
    std::uint64_t offset = 0;
  };

  // Writable, 64-byte aligned memory. Its content is old or zero. Recycled when the last holder lets go.
  class Block {
   public:
    Block(std::shared_ptr<RunMemory> memory, Place place, std::byte* data, std::uint64_t size) noexcept;
    ~Block();
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;
    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] Place place() const noexcept { return place_; }

   private:
    std::shared_ptr<RunMemory> memory_;
    Place place_;
    std::byte* data_;
    std::uint64_t size_;
  };

  // Throws Error{busy} with both numbers when the run would hold more than its limit.
  [[nodiscard]] std::shared_ptr<Block> allocate(std::uint64_t bytes);

  // Where these bytes are in this memory; nothing when they are elsewhere.
  [[nodiscard]] std::optional<Place> find(const void* data, std::uint64_t bytes) const;
  // The live block that holds this whole range, or null.
  [[nodiscard]] std::shared_ptr<Block> block_at(Place place, std::uint64_t bytes) const;

  struct Segment {
    int descriptor;  // borrowed: valid while this object lives
    std::uint64_t size;
  };
  [[nodiscard]] Segment segment(std::uint32_t index) const;
  [[nodiscard]] std::uint64_t bytes_in_use() const;
  [[nodiscard]] std::uint64_t serial() const noexcept { return serial_; }  // unique in this process

 private:
  struct Chunk;
  explicit RunMemory(Limits limits);
  std::shared_ptr<Block> take(std::uint32_t index, std::uint64_t bytes);
  void give_back(Place place, std::uint64_t bytes) noexcept;

  const Limits limits_;
  const std::uint64_t serial_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::uint64_t in_use_ = 0;
};

}  // namespace mortise::runtime
