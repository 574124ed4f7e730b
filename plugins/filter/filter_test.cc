#include "filter/filter.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lib/fake_host.h"
#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

Batch days() {
  return table({{"date", Value::list({"2012-01-01", "2012-06-15", "2013-12-31"})},
                {"temp", Value::list({12.8, 30.5, nullptr})},
                {"weather", Value::list({"rain", "sun", "sun"})}});
}

std::string kept(const Value& config) { return text_of(filter(days(), read_filter(config)).table, "date"); }

Error error(const Value& config) {
  return error_of([&] { (void)filter(days(), read_filter(config)); });
}

}  // namespace

TEST_CASE("an expression, a field form and a list of both keep the same rows") {
  const std::string expected = R"(["2012-06-15"])";
  CHECK(kept(Value::map({{"where", "temp > 10 and weather != \"rain\""}})) == expected);
  CHECK(kept(Value::map(
            {{"where", Value::list({"temp > 10",
                                    Value::map({{"field", "weather"}, {"operator", "!="}, {"value", "rain"}})})}})) ==
        expected);
  CHECK(kept(Value::map({{"field", "temp"}, {"operator", ">="}, {"value", 30}})) == expected);
  CHECK(kept(Value::map({{"where", Value::map({{"field", "date"}, {"operator", "=="}, {"value", "2012-06-15"}})}})) ==
        expected);
  CHECK(
      kept(Value::map(
          {{"where", Value::map({{"field", "weather"}, {"operator", "not in"}, {"value", Value::list({"rain"})}})}})) ==
      R"(["2012-06-15","2013-12-31"])");
  CHECK(kept(Value::map({{"where", Value::map({{"field", "temp"}, {"operator", "is null"}})}})) == R"(["2013-12-31"])");
}

TEST_CASE("rows for which the answer is unknown do not stay") {
  CHECK(kept(Value::map({{"where", "temp < 100"}})) == R"(["2012-01-01","2012-06-15"])");
  CHECK(kept(Value::map({{"where", "not (temp < 100)"}})) == "[]");
}

TEST_CASE("the types of the columns stay, and a table of which all stays is not copied") {
  const Batch table = days();
  const Batch some = filter(table, read_filter(Value::map({{"where", "temp > 20"}}))).table;
  CHECK(some->schema()->Equals(*table->schema()));
  CHECK(filter(table, read_filter(Value::map({{"where", "date > \"2000-01-01\""}}))).table == table);
}

TEST_CASE("a missing value in a required column fails with its row, or drops the row when that was asked") {
  const Error missing = error(Value::map({{"required", Value::list({"date", "temp"})}}));
  CHECK(std::string(missing.what()) == "column 'temp' lacks 1 of 3 values; the first is missing in row 3");
  CHECK(missing.detail("row") == "3");
  const auto dropped = filter(days(), read_filter(Value::map({{"required", "temp"}, {"on_missing", "drop"}})));
  CHECK(dropped.dropped_missing == 1);
  CHECK(dropped.table->num_rows() == 2);
  CHECK(error(Value::map({{"required", "tmp"}})).hint() == "did you mean 'temp'?");
}

TEST_CASE("a column of the wrong kind is refused") {
  CHECK(kept(Value::map({{"schema", Value::map({{"temp", "number"}, {"date", "date"}, {"weather", "text"}})}})).size() >
        2);
  const Error wrong = error(Value::map({{"schema", Value::map({{"weather", "number"}})}}));
  CHECK(std::string(wrong.what()) == "schema.weather: expected number, got text");
  CHECK(error(Value::map({{"schema", Value::map({{"temp", "integer"}})}})).detail("got") == "number");
}

TEST_CASE("a wrong configuration is refused before any table is there") {
  CHECK(error(Value::map()).detail("key") == "where");
  CHECK(error(Value::map({{"where", 5}})).detail("key") == "where");
  CHECK(error(Value::map({{"where", Value::list({"a > 1", Value::map({{"field", "x"}, {"op", "=="}})})}}))
            .detail("key") == "where[1].op");
  CHECK(error(Value::map({{"where", Value::map({{"field", "x"}})}})).detail("key") == "where.value");
  CHECK(error(Value::map({{"where", Value::list({"temp >"})}})).detail("position") == "7");
  CHECK(error(Value::map({{"were", "a > 1"}})).hint() == "did you mean 'where'?");
}

TEST_CASE("the plugin filters what the step before made and reports its rows") {
  FakeHost host;
  host.context["days"] = write_table(days());
  const Value result = host.step(Value::map({{"where", "temp > 20"}}), "days", "warm");
  CHECK(result.at("rows").as_int64() == 1);
  CHECK(text_of(read_table(result.at("outputs").at("warm"), "x"), "date") == R"(["2012-06-15"])");
  CHECK(host.logs.at(0) == R"(info filtered {"rows_in":3,"rows_out":1,"dropped_missing":0})");
  CHECK(error_of([&] { host.step(Value::map({{"where", "temp > 20"}}), "nights", "x"); }).code() == Code::not_found);
  CHECK(error_of([&] { host.validate(Value::map({{"where", "temp >"}})); }).code() == Code::invalid);
}
