#include "runtime/ring/spin.h"

#include <doctest/doctest.h>

#include "runtime/ring/spin_budget.h"

namespace mortise::runtime {
namespace {

using namespace std::chrono_literals;
constexpr SpinLessons::Time start{1h};

int skipped_in_a_row(SpinLessons& lessons) {
  int skipped = 0;
  while (!lessons.worth_it(start)) ++skipped;
  return skipped;
}

TEST_CASE("who looked in vain sleeps at once the next times, ever more of them, at most 8") {
  SpinLessons lessons;
  CHECK(skipped_in_a_row(lessons) == 0);
  for (const int expected : {1, 2, 4, 8, 8}) {
    lessons.in_vain();
    CHECK(skipped_in_a_row(lessons) == expected);
  }
  lessons.came();
  CHECK(skipped_in_a_row(lessons) == 0);
}

TEST_CASE("who was held up by strangers does not look for a while, which doubles up to a good second") {
  SpinLessons lessons;
  auto now = start;
  for (const auto pause : {10ms, 20ms, 40ms, 80ms, 160ms, 320ms, 640ms, 1280ms, 1280ms}) {
    lessons.held_up(now);
    CHECK_FALSE(lessons.worth_it(now + pause - 1ns));
    now += pause;
    CHECK(lessons.worth_it(now));
  }
  lessons.came();
  lessons.held_up(now);
  CHECK(lessons.worth_it(now + 10ms));
}

TEST_CASE("a look ends as soon as something is there, and never looks longer than it may") {
  // Who is kept from the processor in between stops looking, so several may have to try.
  int looks = 0;
  bool came = false;
  for (int i = 0; i < 1000 && !came; ++i) {
    looks = 0;
    came = Spin().look(1h, [&] { return ++looks == 3; });
  }
  CHECK(came);
  CHECK(looks == 3);
  Spin spin;
  CHECK_FALSE(spin.look(0us, [] { return false; }));
  CHECK_FALSE(spin.look(1us, [] { return false; }));
}

TEST_CASE("how many want to run is read from what the kernel says") {
  CHECK(running_in("0.20 0.18 0.12 3/80 11206\n") == 3);
  CHECK(running_in("0.20 0.18") == 0);
  CHECK(running_in("") == 0);
}

TEST_CASE("nobody may look before it was measured what sleeping costs, and then for 200 us at most") {
  SpinBudget budget;
  CHECK(budget.now(std::chrono::steady_clock::now()) == 0us);
  budget.measure_once();
  const auto granted = budget.now(std::chrono::steady_clock::now() + 1h);
  CHECK((granted == 0us || (granted >= SpinBudget::least && granted <= SpinBudget::most)));  // 0: the machine is busy
}

}  // namespace
}  // namespace mortise::runtime
