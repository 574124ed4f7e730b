#include "jobs/monitors/segments.h"

#include <doctest/doctest.h>

namespace mortise::jobs {
namespace {

using namespace std::chrono_literals;
using Went = Segments::Went;

const Segments::Clock::time_point start{1h};
const EventRules resetting{true, false, "items"};
const EventRules quiet{false, false, "items"};

MonitorEvent event(int second, const char* label, Value item) {
  return {Time{second * 1'000'000'000LL}, label, "seen", Value::map({{"items", std::move(item)}}), "id"};
}

TEST_CASE("a segment opens with a resetting event and is complete after the cooldown") {
  Segments segments(2s);
  CHECK(segments.open() == nullptr);
  CHECK(segments.take(event(0, "a", 1), resetting, start) == Went::opened_segment);
  CHECK(segments.take(event(1, "a", 2), resetting, start + 1s) == Went::into_segment);
  CHECK(segments.take(event(2, "b", 3), resetting, start + 2s) == Went::into_segment);
  CHECK(segments.due() == start + 4s);
  CHECK_FALSE(segments.complete(start + 3999ms));
  const auto segment = segments.complete(start + 4s);
  REQUIRE(segment);
  CHECK(segment->resets == 2);
  CHECK(segment->start == Time{0});
  CHECK(segment->end == Time{2'000'000'000});
  CHECK(segment->labels == std::set<std::string>{"a", "b"});
  CHECK(segment->events.size() == 3);
  REQUIRE(segment->collected.size() == 1);
  CHECK(segment->collected[0].label == "a");
  CHECK(segment->collected[0].items == std::vector<Value>{1, 2, 3});
  CHECK(segments.open() == nullptr);
  CHECK_FALSE(segments.complete(start + 1h));
}

TEST_CASE("an event that does not reset is recorded and leaves the cooldown as it runs") {
  Segments segments(2s);
  segments.take(event(0, "a", 1), resetting, start);
  CHECK(segments.take(event(1, "q", 2), quiet, start + 1500ms) == Went::into_segment);
  const auto segment = segments.complete(start + 2s);
  REQUIRE(segment);
  CHECK(segment->resets == 0);
  CHECK(segment->events.size() == 2);
}

TEST_CASE("an event that does not reset stands alone where no segment is open, and opens none") {
  Segments segments(2s);
  CHECK(segments.take(event(0, "q", 1), quiet, start) == Went::alone);
  CHECK(segments.open() == nullptr);
  CHECK_FALSE(segments.close());
}

TEST_CASE("an infrequent event stands alone even while a segment is open") {
  Segments segments(2s);
  segments.take(event(0, "a", 1), resetting, start);
  EventRules rare = resetting;
  rare.infrequent = true;
  CHECK(segments.take(event(1, "r", 2), rare, start + 1s) == Went::alone);
  CHECK(segments.due() == start + 2s);
  CHECK(segments.close()->events.size() == 1);
}

TEST_CASE("events whose times go backwards make no segment of negative length") {
  Segments segments(2s);
  segments.take(event(10, "a", 1), resetting, start);
  segments.take(event(3, "a", 2), resetting, start + 1s);
  const auto segment = segments.close();
  REQUIRE(segment);
  CHECK(segment->start < segment->end);
}

TEST_CASE("a segment that grows beyond measure is completed early and says so") {
  Segments segments(1h);
  for (std::size_t i = 0; i < Segments::most_events; ++i) {
    CHECK_FALSE(segments.complete(start));
    segments.take(event(0, "a", Value()), resetting, start);
  }
  const auto segment = segments.complete(start);
  REQUIRE(segment);
  CHECK(segment->overfull);
  CHECK(segment->resets == Segments::most_events - 1);
}

}  // namespace
}  // namespace mortise::jobs
