#include "jobs/core/event_filter.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mortise;
using namespace mortise::jobs;

namespace {

const EventRecord knock{"ev_1", "monitor.event", Time{1}, "watch:w", "",
                        Value::map({{"label", "door"}, {"data", Value::map({{"times", 2}, {"where", "front"}})}})};

EventFilter filter(const std::string& json) { return read_event_filter(parse_json_config(json, "t")); }

}  // namespace

TEST_CASE("an event is waited for by its type, its source and what its data must hold") {
  CHECK(filter(R"({"event": "monitor.event"})").fits(knock));
  CHECK(filter(R"({"event": "monitor."})").fits(knock));
  CHECK_FALSE(filter(R"({"event": "monitor"})").fits(knock));
  CHECK_FALSE(filter(R"({"event": "monitor.segment"})").fits(knock));
  CHECK(filter(R"({"event": "monitor.event", "source": "watch:w"})").fits(knock));
  CHECK_FALSE(filter(R"({"event": "monitor.event", "source": "watch:"})").fits(knock));
  CHECK(filter(R"({"event": "monitor.event", "data": {"label": "door", "data": {"times": 2}}})").fits(knock));
  CHECK_FALSE(filter(R"({"event": "monitor.event", "data": {"label": "window"}})").fits(knock));
  CHECK_FALSE(filter(R"({"event": "monitor.event", "data": {"data": {"times": 3}}})").fits(knock));
  CHECK_FALSE(filter(R"({"event": "monitor.event", "data": {"label": {"deeper": 1}}})").fits(knock));
  CHECK_FALSE(filter(R"({"event": "monitor.event", "data": {"missing": null}})").fits(knock));
}

TEST_CASE("what is waited for is kept as a text and read again") {
  for (const char* json : {R"({"event": "run.failed"})", R"({"event": "run.", "source": "pipeline:a b", "data": {"x": [1, "y"]}})"}) {
    const EventFilter once = filter(json), again = EventFilter::parse(once.text());
    CHECK(again.text() == once.text());
    CHECK(again.source == once.source);
  }
  CHECK(EventFilter::parse("run.failed").text() == "run.failed");
}

TEST_CASE("what is no type, or no map of data, is refused") {
  for (const char* json : {R"({"event": ""})", R"({"event": "a b"})", R"({"event": 5})", R"({"event": "a", "data": [1]})", R"({"event": "a", "data": "x"})", R"({})"})
    CHECK_THROWS_AS((void)filter(json), Error);
  CHECK_THROWS_AS((void)EventFilter::parse("{"), Error);
  CHECK_THROWS_AS((void)EventFilter::parse("a b"), Error);
}
