#include "lib/text_type.h"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace mortise::plugins;

namespace {

ColumnType type_of(std::initializer_list<const char*> texts) {
  TextType guess;
  for (const char* text : texts) guess.add(text);
  return guess.type();
}

}  // namespace

TEST_CASE("a column gets the narrowest type that all of its texts fit") {
  CHECK(type_of({"1", "-2", "0"}) == ColumnType::integer);
  CHECK(type_of({"1", "2.5", "1e3"}) == ColumnType::real);
  CHECK(type_of({"true", "FALSE"}) == ColumnType::boolean);
  CHECK(type_of({"2012-01-01", "2012-02-29"}) == ColumnType::date);
  CHECK(type_of({"2012-01-01T10:00", "2012-01-01 10:00:00.5"}) == ColumnType::time);
  CHECK(type_of({"2012-01-01T10:00Z", "2012-01-01T10:00+02:00"}) == ColumnType::zoned_time);
  CHECK(type_of({}) == ColumnType::text);
  CHECK(type_of({" 1", "2 "}) == ColumnType::integer);
}

TEST_CASE("one text that does not fit makes the whole column text, however late it comes") {
  TextType guess;
  for (int i = 0; i < 100'000; ++i) guess.add("12");
  CHECK(guess.type() == ColumnType::integer);
  guess.add("n/k");
  CHECK(guess.type() == ColumnType::text);
}

TEST_CASE("what would change when it became a number stays text") {
  for (const char* text : {"007", "+49", "-007", "1_000", "1,5", "0x10", "12345678901234567890", "", "-", ".", "1e",
                           "--1", "1.2.3", "nan", "e5", "1 2"}) {
    CAPTURE(text);
    CHECK(type_of({text}) == ColumnType::text);
    CHECK(type_of({"1", text}) == ColumnType::text);
    CHECK(type_of({"1.5", text}) == ColumnType::text);
  }
}

TEST_CASE("an integer among floats must be one that float64 can hold") {
  CHECK(type_of({"9007199254740992", "0.5"}) == ColumnType::real);
  CHECK(type_of({"9007199254740993", "0.5"}) == ColumnType::text);
  CHECK(type_of({"0.5", "9007199254740993"}) == ColumnType::text);
  CHECK(type_of({"9007199254740993"}) == ColumnType::integer);
  CHECK(type_of({"9223372036854775808"}) == ColumnType::text);
}

TEST_CASE("decimals beyond the precision of float64 are counted") {
  TextType guess;
  for (const char* text :
       {"0.1", "0.10000000000000000000", "123456789012345.25", "0.1234567890123456789", "3.141592653589793"}) {
    guess.add(text);
  }
  CHECK(guess.type() == ColumnType::real);
  CHECK(guess.rounded() == 1);
}

TEST_CASE("infinity counts as a number only among numbers, and minus zero is a float") {
  CHECK(type_of({"inf", "-inf"}) == ColumnType::text);
  CHECK(type_of({"inf", "1.5"}) == ColumnType::real);
  CHECK(type_of({"-0", "1"}) == ColumnType::real);
  CHECK(type_of({"1e999", "1"}) == ColumnType::text);
}

TEST_CASE("dates among times are midnight, but zones do not mix with none") {
  CHECK(type_of({"2012-01-01", "2012-01-01T10:00"}) == ColumnType::time);
  CHECK(type_of({"2012-01-01T10:00Z", "2012-01-01T10:00"}) == ColumnType::text);
  CHECK(type_of({"2012-01-01", "2012-01-01T10:00Z"}) == ColumnType::text);
  CHECK(type_of({"2012-02-30"}) == ColumnType::text);
}

TEST_CASE("a time that its unit could not hold makes the column text") {
  CHECK(type_of({"9999-12-31T23:59:59.999999"}) == ColumnType::time);
  CHECK(type_of({"9999-12-31T23:59:59.9999999"}) == ColumnType::text);
  CHECK(type_of({"2012-01-01T00:00:00.123456789", "9999-12-31"}) == ColumnType::text);
}
