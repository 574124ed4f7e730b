#include "lib/civil.h"

#include <doctest/doctest.h>

using namespace mortise::plugins;

TEST_CASE("a date is read only when the calendar has it") {
  CHECK(parse_date("1970-01-01") == 0);
  CHECK(parse_date("1969-12-31") == -1);
  CHECK(parse_date("2012-02-29") == 15399);
  CHECK(parse_date("0001-01-01") == -719162);
  for (const char* wrong : {"2013-02-29", "2012-13-01", "2012-00-10", "2012-01-00", "2012-1-01", "12-01-01",
                            "2012/01/01", "2012-01-01 ", "", "0000-01-01", "20120101", "2012-01-0x"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_date(wrong));
  }
}

TEST_CASE("every day of four centuries survives writing and reading") {
  for (std::int32_t day = -73'000; day < 73'000; ++day) REQUIRE(parse_date(format_date(day)) == day);
}

TEST_CASE("a time is read with its zone and all its decimals") {
  const auto noon = parse_time("2026-01-31T12:34:56.123456789Z");
  REQUIRE(noon);
  CHECK(noon->nanoseconds == 123'456'789);
  CHECK(noon->zoned);
  CHECK(format_time(noon->seconds, noon->nanoseconds) == "2026-01-31T12:34:56.123456789");
  CHECK(parse_time("2026-01-31 12:34")->seconds == parse_time("2026-01-31T14:34:00+02:00")->seconds);
  CHECK_FALSE(parse_time("2026-01-31 12:34")->zoned);
  CHECK(parse_time("1969-12-31T23:59:59.5")->seconds == -1);
  for (const char* wrong : {"2026-01-31T24:00", "2026-01-31T12:60", "2026-01-31T12:00:60", "2026-01-31T12:00:00.",
                            "2026-01-31T12:00:00.1234567890", "2026-01-31T12:00+2:00", "2026-01-31T12",
                            "2026-02-30T12:00", "2026-01-31T12:00:00 Z", "2026-01-31"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_time(wrong));
  }
}
