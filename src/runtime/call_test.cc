#include "runtime/call.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace mortise;
using namespace mortise::runtime;

TEST_CASE("every operation and every ending has a name, and operations are found by it") {
  for (std::uint32_t number = MORTISE_OP_VALIDATE; number <= MORTISE_OP_HEALTH; ++number) {
    const auto operation = static_cast<Operation>(number);
    CHECK(operation_named(name_of(operation)) == operation);
  }
  CHECK_FALSE(operation_named("dance"));
  CHECK(name_of(Ended::killed) == "killed");
}

TEST_CASE("an outcome gives its value or throws its error") {
  Outcome good;
  good.value = "yes";
  CHECK(good.take().as_string() == "yes");

  Outcome bad;
  bad.ended = Ended::timeout;
  bad.error = Error(Code::timeout, "too slow");
  CHECK_THROWS_WITH_AS(bad.take(), "too slow", Error);
}

TEST_CASE("a default-made token can never be cancelled") {
  CancelToken token;
  token.cancel("please");
  CHECK_FALSE(token.cancelled());
  CHECK(token.reason().empty());
}

TEST_CASE("copies are one token, the first reason stays, and each action runs once") {
  const CancelToken token = CancelToken::make();
  int runs = 0;
  auto registration = token.on_cancel([&] { ++runs; });
  CancelToken copy = token;
  copy.cancel("enough");
  copy.cancel("really");
  CHECK(token.cancelled());
  CHECK(token.reason() == "enough");
  CHECK(runs == 1);

  auto late = token.on_cancel([&] { ++runs; });
  CHECK(runs == 2);
}

TEST_CASE("a forgotten action does not run") {
  CancelToken token = CancelToken::make();
  bool ran = false;
  { auto registration = token.on_cancel([&] { ran = true; }); }
  token.cancel("x");
  CHECK_FALSE(ran);
}

TEST_CASE("forgetting an action waits for one that runs on another thread") {
  CancelToken token = CancelToken::make();
  std::atomic<int> stage{0};
  std::atomic<bool> finished{false};
  auto registration = std::make_unique<CancelToken::Registration>(token.on_cancel([&] {
    stage = 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    finished = true;
  }));
  std::thread canceller([&] { token.cancel("x"); });
  while (stage == 0) std::this_thread::yield();
  registration.reset();
  CHECK(finished);
  canceller.join();
}

TEST_CASE("an action may forget itself and others while the token is being cancelled") {
  CancelToken token = CancelToken::make();
  CancelToken::Registration first;
  CancelToken::Registration second;
  bool second_ran = false;
  first = token.on_cancel([&] {
    first = {};
    second = {};
  });
  second = token.on_cancel([&] { second_ran = true; });
  token.cancel("x");
  CHECK_FALSE(second_ran);
}

TEST_CASE("a chain knows who waits and names the cycle") {
  const Chain chain = Chain().entered(1, "a").entered(2, "b");
  CHECK(chain.contains(1));
  CHECK_FALSE(chain.contains(3));
  CHECK(chain.describe() == "a -> b");
  const Error error = chain.cycle("a");
  CHECK(error.code() == Code::conflict);
  CHECK(std::string(error.what()) == "plugin 'a' waits for itself: a -> b -> a");
}
