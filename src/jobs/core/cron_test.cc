#include "jobs/core/cron.h"

#include <doctest/doctest.h>

#include "base/clock.h"

using namespace mortise;
using namespace mortise::jobs;

namespace {

Time at(const char* text) { return parse_rfc3339(text).value(); }

// The next `count` times after `after`, in UTC.
std::string times(const char* cron, const char* zone, const char* after, int count = 3) {
  const Zone in = Zone::named(zone);
  std::string text;
  Time time = at(after);
  for (int i = 0; i < count; ++i) {
    const auto next = Cron::parse(cron).next(time, in);
    if (!next) return text + "never";
    time = *next;
    text += (i == 0 ? "" : " ") + to_rfc3339(time);
  }
  return text;
}

std::string refusal(const char* cron) {
  try {
    (void)Cron::parse(cron);
  } catch (const Error& error) {
    return std::string(error.code() == Code::invalid ? "" : "?") + std::string(error.detail("key"));
  }
  return "none";
}

}  // namespace

TEST_CASE("a cron schedule of five fields is due when all of them fit") {
  CHECK(times("30 6 * * *", "UTC", "2026-01-31T12:00:00Z") ==
        "2026-02-01T06:30:00Z 2026-02-02T06:30:00Z 2026-02-03T06:30:00Z");
  CHECK(times("*/20 9-10 * * mon-fri", "UTC", "2026-01-30T10:30:00Z", 4) ==
        "2026-01-30T10:40:00Z 2026-02-02T09:00:00Z 2026-02-02T09:20:00Z 2026-02-02T09:40:00Z");
  CHECK(times("0 0 1,15 jan *", "UTC", "2026-01-01T00:00:00Z", 2) == "2026-01-15T00:00:00Z 2027-01-01T00:00:00Z");
  CHECK(times("0 12 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2) == "2028-02-29T12:00:00Z 2032-02-29T12:00:00Z");
  CHECK(times("0 0 * * 7", "UTC", "2026-01-01T00:00:00Z", 1) == times("0 0 * * SUN", "UTC", "2026-01-01T00:00:00Z", 1));
  CHECK(times("5/20 0 * * *", "UTC", "2026-01-01T00:00:00Z") ==
        "2026-01-01T00:05:00Z 2026-01-01T00:25:00Z 2026-01-01T00:45:00Z");
  CHECK(times("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z") == "never");
  CHECK(times("* * * * *", "UTC", "2026-01-01T00:00:00.5Z", 2) == "2026-01-01T00:01:00Z 2026-01-01T00:02:00Z");
}

TEST_CASE("with both day fields restricted either is enough, as in every cron") {
  CHECK(times("0 0 13 * fri", "UTC", "2026-02-10T00:00:00Z", 4) ==
        "2026-02-13T00:00:00Z 2026-02-20T00:00:00Z 2026-02-27T00:00:00Z 2026-03-06T00:00:00Z");
  CHECK(times("0 0 */2 * mon", "UTC", "2026-06-01T12:00:00Z", 2) == "2026-06-15T00:00:00Z 2026-06-29T00:00:00Z");
}

TEST_CASE("the words stand for what they say") {
  CHECK(times("@hourly", "UTC", "2026-01-01T00:10:00Z", 1) == "2026-01-01T01:00:00Z");
  CHECK(times("@daily", "UTC", "2026-01-01T00:10:00Z", 1) == "2026-01-02T00:00:00Z");
  CHECK(times("@weekly", "UTC", "2026-01-01T00:10:00Z", 1) == "2026-01-04T00:00:00Z");
  CHECK(times("@monthly", "UTC", "2026-01-01T00:10:00Z", 1) == "2026-02-01T00:00:00Z");
  CHECK(times("@yearly", "UTC", "2026-01-01T00:10:00Z", 1) == "2027-01-01T00:00:00Z");
  CHECK(refusal("@reboot") == "");
}

TEST_CASE("times are those of the zone's clock") {
  CHECK(times("0 9 * * *", "Asia/Kolkata", "2026-01-01T00:00:00Z", 1) == "2026-01-01T03:30:00Z");
  CHECK(times("0 9 * * *", "America/New_York", "2026-07-01T00:00:00Z", 1) == "2026-07-01T13:00:00Z");
  CHECK_THROWS_AS((void)Zone::named("Europe/Atlantis"), Error);
  CHECK_THROWS_AS((void)Zone::named(""), Error);
}

TEST_CASE("a time that the clock skips is due once, right after the gap") {
  // Berlin, 29 March 2026: 02:00 becomes 03:00 (01:00 UTC).
  CHECK(times("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z") ==
        "2026-03-28T01:30:00Z 2026-03-29T01:00:00Z 2026-03-30T00:30:00Z");
  CHECK(times("*/15 2 * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", 3) ==
        "2026-03-29T01:00:00Z 2026-03-30T00:00:00Z 2026-03-30T00:15:00Z");
  CHECK(times("0 3 * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", 2) == "2026-03-29T01:00:00Z 2026-03-30T01:00:00Z");
  // Asked in the very second of the change, and just after it.
  CHECK(times("30 2 * * *", "Europe/Berlin", "2026-03-29T00:59:59Z", 1) == "2026-03-29T01:00:00Z");
  CHECK(times("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", 1) == "2026-03-30T00:30:00Z");
}

TEST_CASE("a time that the clock shows twice is due the first time only") {
  // Berlin, 25 October 2026: 03:00 becomes 02:00 (01:00 UTC).
  CHECK(times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2) == "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z");
  CHECK(times("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1) == "2026-10-26T01:30:00Z");
  CHECK(times("0 3 * * *", "Europe/Berlin", "2026-10-25T00:00:00Z", 1) == "2026-10-25T02:00:00Z");
}

TEST_CASE("an hour that begins with * follows time as it passes, also when the clock changes") {
  CHECK(times("30 * * * *", "Europe/Berlin", "2026-10-24T23:40:00Z", 4) ==
        "2026-10-25T00:30:00Z 2026-10-25T01:30:00Z 2026-10-25T02:30:00Z 2026-10-25T03:30:00Z");
  CHECK(times("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3) ==
        "2026-03-29T00:30:00Z 2026-03-29T01:30:00Z 2026-03-29T02:30:00Z");
  // Half an hour on Lord Howe Island: 4 October 2026, 02:00 becomes 02:30 (3 October 15:30 UTC).
  CHECK(times("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2) ==
        "2026-10-03T15:30:00Z 2026-10-04T15:15:00Z");
}

TEST_CASE("every year of many zones: fixed times come once a day, in order") {
  for (const char* name :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran", "Africa/Casablanca"}) {
    const Zone zone = Zone::named(name);
    for (const char* cron : {"30 2 * * *", "0 0 * * *", "59 23 * * *"}) {
      Time time = at("2019-12-31T23:00:00Z");
      int count = 0;
      while (time < at("2026-12-31T00:00:00Z")) {
        const Time next = Cron::parse(cron).next(time, zone).value();
        CHECK(next > time);
        CHECK(next.nanoseconds - time.nanoseconds <= std::int64_t{26} * 3600 * 1'000'000'000);
        time = next;
        ++count;
      }
      CHECK(count >= 2556);
      CHECK(count <= 2559);
    }
  }
}

TEST_CASE("what is no cron schedule is refused by its field") {
  CHECK(refusal("60 * * * *") == "minute");
  CHECK(refusal("* 24 * * *") == "hour");
  CHECK(refusal("* * 0 * *") == "day of month");
  CHECK(refusal("* * * foo *") == "month");
  CHECK(refusal("* * * * 8") == "day of week");
  CHECK(refusal("5-1 * * * *") == "minute");
  CHECK(refusal("*/0 * * * *") == "minute");
  CHECK(refusal("1,,2 * * * *") == "minute");
  CHECK(refusal(",1 * * * *") == "minute");
  CHECK(refusal("1, * * * *") == "minute");
  CHECK(refusal("1.5 * * * *") == "minute");
  CHECK(refusal("* * * *") == "");
  CHECK(refusal("* * * * * *") == "");
  CHECK(refusal("") == "");
}
