#include "runtime/arena.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "base/error.h"

using mortise::Code;
using mortise::Error;
using mortise::runtime::RunMemory;

namespace {
constexpr std::uint64_t segment = 1 << 20;
std::shared_ptr<RunMemory> small() { return RunMemory::make({segment, 4 * segment}); }
}  // namespace

TEST_CASE("a receiver of a run's memory can read it and can neither write, shrink nor grow it") {
  const auto memory = small();
  const auto block = memory->allocate(100);
  std::memcpy(block->data(), "weather", 7);
  const int file = memory->segment(block->place().segment).descriptor;

  void* reading = ::mmap(nullptr, segment, PROT_READ, MAP_SHARED, file, 0);
  REQUIRE(reading != MAP_FAILED);
  CHECK(std::memcmp(static_cast<char*>(reading) + block->place().offset, "weather", 7) == 0);
  CHECK(::mprotect(reading, segment, PROT_READ | PROT_WRITE) != 0);
  CHECK(::mmap(nullptr, segment, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED);
  CHECK(::ftruncate(file, 0) != 0);
  CHECK(::ftruncate(file, 2 * segment) != 0);
  CHECK(::pwrite(file, "x", 1, 0) != 1);
  // The host's own mapping was made before the seal and still writes.
  std::memcpy(block->data(), "climate", 7);
  CHECK(std::memcmp(static_cast<char*>(reading) + block->place().offset, "climate", 7) == 0);
  ::munmap(reading, segment);
}

TEST_CASE("blocks are aligned, do not overlap, and are recycled once nobody holds them") {
  const auto memory = small();
  auto a = memory->allocate(1);
  auto b = memory->allocate(65);
  auto c = memory->allocate(64);
  CHECK(reinterpret_cast<std::uintptr_t>(a->data()) % 64 == 0);
  CHECK(b->place().offset == 64);
  CHECK(c->place().offset == 64 + 128);
  CHECK(memory->bytes_in_use() == 256);
  b.reset();
  CHECK(memory->allocate(128)->place().offset == 64);
  // All gaps join again, whatever the order in which they appear.
  a.reset();
  c.reset();
  CHECK(memory->bytes_in_use() == 0);
  CHECK(memory->allocate(segment)->place().offset == 0);
  CHECK(memory->allocate(segment)->place().segment == 0);
}

TEST_CASE("a run's memory grows by segments and stops at its limit with both numbers") {
  const auto memory = small();
  const auto large = memory->allocate(2 * segment);
  const auto next = memory->allocate(segment);
  CHECK(large->place().segment != next->place().segment);
  CHECK(memory->segment(large->place().segment).size == 2 * segment);
  try {
    (void)memory->allocate(segment + 1);
    FAIL("must be refused");
  } catch (const Error& error) {
    CHECK(error.code() == Code::busy);
    CHECK(std::string(error.what()).find(std::to_string(4 * segment)) != std::string::npos);
  }
  CHECK_THROWS_AS((void)memory->allocate(UINT64_MAX), Error);
  CHECK_NOTHROW((void)memory->allocate(segment));
}

TEST_CASE("bytes are found by their address, and a live block by its place") {
  const auto memory = small();
  const auto block = memory->allocate(1000);
  const auto place = memory->find(block->data() + 64, 500);
  REQUIRE(place.has_value());
  CHECK(place->offset == block->place().offset + 64);
  const std::string elsewhere = "elsewhere";
  CHECK_FALSE(memory->find(elsewhere.data(), elsewhere.size()).has_value());
  CHECK_FALSE(memory->find(block->data(), 2 * segment).has_value());

  CHECK(memory->block_at(*place, 500) == block);
  CHECK(memory->block_at(*place, 2000) == nullptr);          // beyond its end
  CHECK(memory->block_at({0, segment - 64}, 64) == nullptr);  // nobody holds that
  CHECK(memory->block_at({7, 0}, 1) == nullptr);
}

TEST_CASE("a block keeps its memory alive when the run is over") {
  auto memory = small();
  auto block = memory->allocate(64);
  const std::weak_ptr<RunMemory> watched = memory;
  memory.reset();
  std::memset(block->data(), 7, 64);
  CHECK_FALSE(watched.expired());
  block.reset();
  CHECK(watched.expired());
}
