#include "jobs/core/events.h"

#include <doctest/doctest.h>

#include <thread>

using namespace mortise;
using namespace mortise::jobs;
using namespace std::chrono_literals;

TEST_CASE("a watcher that comes late gets what was kept, in order, and then the end") {
  EventHub hub;
  hub.publish("r", "one", Value::map({{"n", 1}}));
  hub.publish("r", "two", Value::map({{"n", 2}}));
  hub.publish("other", "one", Value());
  const auto watch = hub.watch("r");
  const auto events = watch->next(0ms);
  REQUIRE(events.size() == 2);
  CHECK(events[0].type == "one");
  CHECK(events[1].sequence == 2);
  CHECK(watch->state() == EventHub::Watch::State::open);
  CHECK(watch->next(1ms).empty());
  hub.finish("r");
  CHECK(watch->next(0ms).empty());
  CHECK(watch->state() == EventHub::Watch::State::ended);
}

TEST_CASE("a watcher resumes after the last event that it saw") {
  EventHub hub;
  for (int i = 0; i < 5; ++i) hub.publish("r", "tick", Value::map({{"n", i}}));
  const auto events = hub.watch("r", 3)->next(0ms);
  REQUIRE(events.size() == 2);
  CHECK(events[0].sequence == 4);
}

TEST_CASE("a watcher that falls behind is told how many events it missed") {
  EventHub hub({.kept_per_run = 3, .finished_runs = 4});
  for (int i = 0; i < 10; ++i) hub.publish("r", "tick", Value());
  const auto events = hub.watch("r", 2)->next(0ms);
  REQUIRE(events.size() == 4);
  CHECK(events[0].type == "missed");
  CHECK(events[0].data.at("count").as_int64() == 5);
  CHECK(events[1].sequence == 8);
}

TEST_CASE("an unknown run and a forgotten run are at their end at once") {
  EventHub hub({.kept_per_run = 3, .finished_runs = 1});
  CHECK(hub.watch("nobody")->state() == EventHub::Watch::State::ended);
  for (const char* run : {"a", "b"}) {
    hub.publish(run, "x", Value());
    hub.finish(run);
  }
  CHECK(hub.watch("a")->state() == EventHub::Watch::State::ended);
  CHECK(hub.watch("b")->next(0ms).size() == 1);
}

TEST_CASE("a waiting watcher wakes when an event comes from another thread") {
  EventHub hub;
  hub.publish("r", "first", Value());
  const auto watch = hub.watch("r", 1);
  std::thread publisher([&] {
    std::this_thread::sleep_for(20ms);
    hub.publish("r", "second", Value());
  });
  const auto events = watch->next(10s);
  publisher.join();
  REQUIRE(events.size() == 1);
  CHECK(events[0].type == "second");
}

TEST_CASE("large events are forgotten earlier, but the newest is always kept") {
  EventHub hub({.kept_per_run = 100, .bytes_per_run = 10'000, .finished_runs = 1});
  for (int i = 0; i < 10; ++i) hub.publish("r", "log", Value::map({{"message", std::string(3'000, 'x')}}));
  const auto events = hub.watch("r")->next(0ms);
  REQUIRE(events.size() == 4);
  CHECK(events[0].type == "missed");
  CHECK(events[0].data.at("count").as_int64() == 7);
  CHECK(events[1].sequence == 8);
  hub.publish("r", "log", Value::map({{"message", std::string(50'000, 'x')}}));
  CHECK(hub.watch("r", 10)->next(0ms).size() == 1);
}

TEST_CASE("a watcher that claims to have seen more than there is gets the end when the run ends") {
  EventHub hub;
  hub.publish("r", "first", Value());
  hub.finish("r");
  const auto watch = hub.watch("r", 1'000);
  CHECK(watch->next(0ms).empty());
  CHECK(watch->state() == EventHub::Watch::State::ended);
}
