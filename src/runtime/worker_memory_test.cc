#include "runtime/worker_memory.h"

#include <doctest/doctest.h>

#include <string>

#include "base/error.h"

using namespace mortise;
using namespace mortise::runtime;

TEST_CASE("a quota that is no number of whole pages holds all the same") {
  for (const std::uint64_t quota : {(8U << 20) + 1000U, (8U << 20) + 4095U, 8U << 20}) {
    WorkerMemory memory(quota);
    memory.begin(nullptr);
    std::uint64_t lent = 0;
    try {
      while (lent < 100U << 20) lent += memory.lend(1U << 20).size;
      FAIL("it lent without end");
    } catch (const Error& error) {
      CHECK(error.code() == Code::busy);
    }
    CHECK(lent <= quota);
    CHECK(lent > quota / 2);
  }
}

TEST_CASE("what a worker names must lie within what it was lent, to the byte") {
  WorkerMemory memory(8U << 20);
  memory.begin(nullptr);
  const data::ArenaPlace lent = memory.lend(100);
  const std::uint64_t size = memory.take_announcements().at(0).arena.size;
  CHECK(memory.resolve({lent.arena, size - 8, 8}).bytes.size() == 8);
  CHECK(memory.resolve({lent.arena, size, 0}).bytes.empty());
  for (const auto& [offset, bytes] : {std::pair<std::uint64_t, std::uint64_t>{size - 8, 9}, {1, size}, {size, 1}, {size + 1, 0}, {UINT64_MAX, 2}, {2, UINT64_MAX}}) {
    CAPTURE(offset);
    CAPTURE(bytes);
    CHECK_THROWS_WITH_AS((void)memory.resolve({lent.arena, offset, bytes}), doctest::Contains("are not within arena"), Error);
  }
  CHECK_THROWS_WITH_AS((void)memory.resolve({lent.arena + 1, 0, 1}), doctest::Contains("is unknown"), Error);
}

TEST_CASE("what a worker was given it may hand back in the same run alone, and only what is still there") {
  WorkerMemory memory(8U << 20);
  const auto first = RunMemory::make(), second = RunMemory::make();
  const std::string text(200, 'x');
  memory.begin(first);
  const data::ArenaPlace given = memory.put(std::as_bytes(std::span(text)));
  CHECK(memory.resolve({given.arena, given.offset, 100}).bytes.size() == 100);
  CHECK_THROWS_WITH_AS((void)memory.resolve({given.arena, given.offset + (1U << 20), 100}), doctest::Contains("are not a part of what was sent"), Error);
  memory.end();
  memory.begin(second);
  CHECK_THROWS_WITH_AS((void)memory.resolve(given), doctest::Contains("belongs to another run"), Error);
  memory.end();
  memory.begin(first);
  CHECK_THROWS_WITH_AS((void)memory.resolve(given), doctest::Contains("are not a part of what was sent"), Error);
}
