#include "runtime/worker_memory.h"

#include <doctest/doctest.h>

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
