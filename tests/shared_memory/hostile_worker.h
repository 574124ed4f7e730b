// HostileWorker: writes sound frames into a ring and scribbles over them, over the ring's own words and over the arenas that it
// was lent, from two threads, until it goes.
//
// It does not care whether the host reads: when the ring is full it writes over what is in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "os/memory_file.h"
#include "runtime/ring/memory.h"

namespace mortise::shared_memory {

using Random = std::minstd_rand;

// What it may scribble over: its own mappings of the host's memory.
struct Arena {
  std::uint32_t number;
  os::Mapping memory;
};

class HostileWorker {
 public:
  HostileWorker(runtime::RingMemory ring, std::vector<Arena> arenas, int socket, std::uint64_t seed);
  ~HostileWorker();

 private:
  void write_on(std::uint64_t seed);
  void scribble_on(std::uint64_t seed);
  [[nodiscard]] std::string frame(Random& random) const;

  runtime::RingMemory ring_;
  std::vector<Arena> arenas_;
  const int socket_;
  std::atomic<bool> goes_{false};
  std::thread writer_, scribbler_;
};

// Scribbles once: mostly where it hurts a reader of values.
void scribble(std::byte* memory, std::size_t size, Random& random) noexcept;
// Offsets, indices, a bitmap and text such as sound columns have: what the frames name.
void fill(std::byte* memory, std::size_t size) noexcept;

inline constexpr std::int32_t rows = 200;

}  // namespace mortise::shared_memory
