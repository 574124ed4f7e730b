#include "lib/evaluate.h"

#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_time.h>
#include <doctest/doctest.h>

#include <cmath>

#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

Batch weather() {
  return table({{"date", Value::list({"2012-01-01", "2012-06-15", "2013-12-31", nullptr})},
                {"temp", Value::list({12.8, -3.5, nullptr, NAN})},
                {"days", Value::list({1, 2, 3, 9007199254740993})},
                {"weather", Value::list({"rain", "sun", nullptr, "Fög"})},
                {"wet", Value::list({true, false, nullptr, true})},
                {"at", Value::list({Time{0}, Time{1'000'000'000}, nullptr, Time{86'400'000'000'000}})},
                {"list", Value::list({Value::list({1}), nullptr, nullptr, nullptr})}});
}

std::string value(const std::string& expression) {
  const Batch batch = weather();
  return text_of(*evaluate(parse_expression(expression, "where"), *batch, "where"));
}

Error error(const std::string& expression) {
  return error_of([&] {
    const Batch batch = weather();
    (void)evaluate_condition(parse_expression(expression, "where"), *batch, "where");
  });
}

}  // namespace

TEST_CASE("numbers, texts and booleans compare with their own kind, and null is unknown") {
  CHECK(value("temp > 10") == "[true,false,null,false]");
  CHECK(value("days >= 2.0") == "[false,true,true,true]");
  CHECK(value("days == 9007199254740993") == "[false,false,false,true]");
  CHECK(value("weather != \"rain\"") == "[false,true,null,true]");
  CHECK(value("weather < \"s\"") == "[true,false,null,true]");
  CHECK(value("wet == true") == "[true,false,null,true]");
  CHECK(value("wet and temp > 0") == "[true,false,null,false]");
  CHECK(value("wet or temp > 0") == "[true,false,null,true]");
  CHECK(value("not wet") == "[false,true,null,false]");
}

TEST_CASE("asking for null is answered, and NaN is missing too") {
  CHECK(value("temp is null") == "[false,false,true,true]");
  CHECK(value("temp == null") == value("temp is null"));
  CHECK(value("weather != null") == "[true,true,false,true]");
  CHECK(error("temp > null").hint() == "only == null and != null say something");
}

TEST_CASE("dates and times compare with ISO texts and with each other") {
  CHECK(value("date >= \"2012-06-15\"") == "[false,true,true,null]");
  CHECK(value("\"2012-06-15\" > date") == "[true,false,false,null]");
  CHECK(value("date < \"2012-01-01T00:00:00.000000001\"") == "[true,false,false,null]");
  CHECK(value("at >= \"1970-01-01T00:00:01\"") == "[false,true,null,true]");
  CHECK(value("at == \"1970-01-01T02:00:01+02:00\"") == "[false,true,null,false]");
  CHECK(value("at >= \"1970-01-02\"") == "[false,false,null,true]");
  CHECK(value("at < date") == "[true,true,null,null]");
  const Error wrong = error("date > \"yesterday\"");
  CHECK(wrong.detail("got") == "the text 'yesterday'");
  CHECK(std::string(wrong.what()).find("position 8") != std::string::npos);
}

TEST_CASE("lists of values work for every kind") {
  CHECK(value("weather in (\"rain\", 'Fög')") == "[true,false,null,true]");
  CHECK(value("weather not in [\"rain\"]") == "[false,true,null,true]");
  CHECK(value("date in (\"2012-01-01\")") == "[true,false,false,null]");
  CHECK(value("days in (1, 3.0)") == "[true,false,true,false]");
}

TEST_CASE("arithmetic keeps integers and divides into floats") {
  CHECK(value("days + 1") == "[2,3,4,9007199254740994]");
  CHECK(value("days * 2 - 1") == "[1,3,5,18014398509481985]");
  CHECK(value("days / 2") == "[0.5,1.0,1.5,4503599627370496.0]");
  CHECK(value("-temp") == "[-12.8,3.5,null,null]");
  CHECK(error("days * 9007199254740993 > 1").code() == Code::invalid);
  CHECK(error("days + \"1\" > 1").detail("expected") == "a number");
}

TEST_CASE("functions take dates apart and texts together") {
  CHECK(value("year(date)") == "[2012,2012,2013,null]");
  CHECK(value("quarter(date) * 10 + month(date)") == "[11,26,52,null]");
  CHECK(value("weekday(date)") == "[7,5,2,null]");
  CHECK(value("trunc(date, \"month\")") == R"(["2012-01-01","2012-06-01","2013-12-01",null])");
  CHECK(value("hour(at)") == "[0,0,null,0]");
  CHECK(value("upper(weather)") == R"(["RAIN","SUN",null,"FÖG"])");
  CHECK(value("length(weather)") == "[4,3,null,3]");
  CHECK(value("contains(weather, \"ai\") or starts_with(weather, 's')") == "[true,true,null,false]");
  CHECK(value("round(temp)") == "[13.0,-4.0,null,null]");
  CHECK(value("round(temp / 3, 1)") == "[4.3,-1.2,null,null]");
  CHECK(value("abs(temp) > 3") == "[true,true,null,false]");
  CHECK(value("coalesce(weather, \"none\")") == R"(["rain","sun","none","Fög"])");
}

TEST_CASE("what does not fit is explained with both sides") {
  const Error mixed = error("temp > \"warm\"");
  CHECK(
      std::string(mixed.what()) ==
      "where at position 6: expected two values that can be compared, got column 'temp' (double) and the text 'warm'");
  CHECK(mixed.hint() == "write the number without quotes");
  CHECK(error("weather == 5").hint() == "put the value in quotes");
  CHECK(error("list == 5").hint() == "columns of this type cannot be compared");
  CHECK(error("weather").detail("expected") == "a condition that is true or false");
  CHECK(error("wet < true").code() == Code::invalid);
  const Error unknown = error("tmp > 1");
  CHECK(std::string(unknown.what()) == "where at position 1: unknown column 'tmp'");
  CHECK(unknown.hint() == "did you mean 'temp'?");
  CHECK(error("yaer(date) == 1").hint() == "did you mean 'year'?");
  CHECK(error("year(temp) == 1").code() == Code::invalid);
  CHECK(error("year(date, 1) == 1").detail("got") == "2");
  CHECK(error("trunc(date, \"moon\") == date").code() == Code::invalid);
}

TEST_CASE("a column with a dictionary is seen as what it holds") {
  arrow::StringDictionaryBuilder words;
  for (const char* word : {"rain", "sun", "rain"}) REQUIRE(words.Append(word).ok());
  const Batch batch = make_batch({{"weather", *words.Finish()}}, 3);
  CHECK(text_of(*evaluate(parse_expression("weather == \"rain\"", "w"), *batch, "w")) == "[true,false,true]");
}

TEST_CASE("an expression without columns and a table without rows are fine") {
  CHECK(value("1 + 1") == "[2,2,2,2]");
  const Batch empty = weather()->Slice(0, 0);
  CHECK(text_of(*evaluate_condition(parse_expression("temp > 10 and true", "w"), *empty, "w")) == "[]");
  CHECK(text_of(*evaluate_condition(parse_expression("null", "w"), *weather(), "w")) == "[null,null,null,null]");
}
