#include "base/clock.h"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>

using mortise::parse_rfc3339;
using mortise::Time;
using mortise::to_rfc3339;

TEST_CASE("a time is written in UTC with the decimals it needs") {
  CHECK(to_rfc3339(Time{0}) == "1970-01-01T00:00:00Z");
  CHECK(to_rfc3339(Time{1'500'000'000}) == "1970-01-01T00:00:01.5Z");
  CHECK(to_rfc3339(Time{-1}) == "1969-12-31T23:59:59.999999999Z");
  CHECK(to_rfc3339(Time{1'706'704'496'123'456'789}) == "2024-01-31T12:34:56.123456789Z");
  CHECK(mortise::to_rfc3339_milliseconds(Time{1'706'704'496'123'999'999}) == "2024-01-31T12:34:56.123Z");
}

TEST_CASE("every representable time survives the way to text and back") {
  for (const std::int64_t ns : {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::min() + 1,
                                std::int64_t{-1'000'000'000}, std::int64_t{-999'999'999}, std::int64_t{1},
                                std::numeric_limits<std::int64_t>::max()}) {
    CAPTURE(ns);
    CHECK(parse_rfc3339(to_rfc3339(Time{ns})) == Time{ns});
  }
}

TEST_CASE("offsets, lower case, a blank, leap seconds and long decimals are read") {
  CHECK(parse_rfc3339("2024-01-31T12:34:56+01:00") == parse_rfc3339("2024-01-31T11:34:56Z"));
  CHECK(parse_rfc3339("2024-01-31t12:34:56z") == parse_rfc3339("2024-01-31 12:34:56Z"));
  CHECK(parse_rfc3339("2024-02-29T00:00:00-00:30") == parse_rfc3339("2024-02-29T00:30:00Z"));
  CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == parse_rfc3339("2017-01-01T00:00:00Z"));
  CHECK(parse_rfc3339("1970-01-01T00:00:00.1234567899Z") == Time{123'456'789});
}

TEST_CASE("what is no time is not read") {
  for (const char* text :
       {"", "2024-01-31", "2024-01-31T12:34:56", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
        "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:61Z", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00Zx", "2024-1-1T00:00:00Z", "2024-01-01T00:00:00+25:00", "2024-01-01T00:00:00+0100",
        "1676-01-01T00:00:00Z", "2263-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("now is now") {
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  const Time now = mortise::now();
  const auto after = std::chrono::system_clock::now().time_since_epoch();
  CHECK(std::chrono::nanoseconds(before).count() <= now.nanoseconds);
  CHECK(now.nanoseconds <= std::chrono::nanoseconds(after).count());
}
