#include "lib/date_layout.h"

#include <doctest/doctest.h>

#include "mortise/error.hpp"

using namespace mortise;
using namespace mortise::plugins;

namespace {

std::string read(const char* pattern, std::string_view text) {
  const auto instant = DateLayout(pattern, "layouts.day").read(text);
  return instant ? format_time(instant->seconds, instant->nanoseconds) + (instant->zoned ? "Z" : "") : "none";
}

std::string verdict(std::initializer_list<std::string_view> texts) {
  DateEvidence evidence;
  for (const std::string_view text : texts) evidence.add(text);
  const auto said = evidence.verdict();
  if (said.ambiguous) return "ambiguous";
  return said.layout ? known_layouts()[*said.layout].pattern() : "none";
}

}  // namespace

TEST_CASE("a text is read by its layout, whole, within the calendar") {
  CHECK(read("%d.%m.%Y", "31.01.2015") == "2015-01-31T00:00:00");
  CHECK(read("%d.%m.%Y", "1.2.2015") == "2015-02-01T00:00:00");
  CHECK(read("%d.%m.%Y", "30.02.2015") == "none");
  CHECK(read("%d.%m.%Y", "31.01.2015 ") == "none");
  CHECK(read("%m/%d/%Y %I:%M %p", "12/31/1999 12:05 AM") == "1999-12-31T00:05:00");
  CHECK(read("%m/%d/%Y %I:%M %p", "12/31/1999 12:05 pm") == "1999-12-31T12:05:00");
  CHECK(read("%d-%b-%Y", "02-JAN-2006") == "2006-01-02T00:00:00");
  CHECK(read("%d %B %y", "2 January 70") == "1970-01-02T00:00:00");
  CHECK(read("%Y%m%d", "20150131") == "2015-01-31T00:00:00");
  CHECK(read("%Y/%m/%d %H:%M:%S.%f", "2015/01/31 10:11:12.25") == "2015-01-31T10:11:12.25");
  CHECK(read("%a, %d %b %Y %H:%M:%S %z", "Mon, 02 Jan 2006 15:04:05 -0700") == "2006-01-02T22:04:05Z");
}

TEST_CASE("a layout that cannot make a date is refused by its key") {
  const auto key = [](const char* pattern) {
    try {
      (void)DateLayout(pattern, "layouts.day");
    } catch (const Error& error) {
      return std::string(error.detail("key"));
    }
    return std::string();
  };
  CHECK(key("%d.%m") == "layouts.day");
  CHECK(key("%Q") == "layouts.day");
  CHECK(key("%Y-%m-%d %I:%M") == "layouts.day");
  CHECK(key("%Y-%m-%d %") == "layouts.day");
}

TEST_CASE("a column shows its own layout, or that two of them fit") {
  CHECK(verdict({"31.01.2015", "1.2.2015"}) == "%d.%m.%Y");
  CHECK(verdict({"01/02/2015", "03/04/2015"}) == "ambiguous");
  CHECK(verdict({"01/02/2015", "13/04/2015"}) == "%d/%m/%Y");
  CHECK(verdict({"01/02/2015", "04/13/2015"}) == "%m/%d/%Y");
  CHECK(verdict({"13/02/2015", "04/13/2015"}) == "none");
  CHECK(verdict({"02-Jan-2006"}) == "%d-%b-%Y");
  CHECK(verdict({"2015/01/31", "31.01.2015"}) == "none");
  CHECK(verdict({"hello there", "x"}) == "none");
  CHECK(verdict({}) == "none");
}
