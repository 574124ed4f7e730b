#include "transform/transform.h"

#include <doctest/doctest.h>

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

Batch run(const Value& config, const Batch& table = days()) { return transform(table, read_transform(config)); }

Value op(const char* name, std::initializer_list<std::pair<std::string_view, Value>> more = {}) {
  Value config = Value::map({{"operation", name}});
  for (const auto& [key, value] : more) config.set(key, value);
  return config;
}

std::string names(const Batch& batch) {
  std::string out;
  for (const std::string& name : column_names(*batch)) out += name + " ";
  return out;
}

Error error(const Value& config) {
  return error_of([&] { (void)run(config); });
}

}  // namespace

TEST_CASE("select, drop and rename change columns and nothing else") {
  CHECK(names(run(op("select", {{"fields", Value::list({"weather", "date"})}}))) == "weather date ");
  CHECK(names(run(op("drop", {{"fields", "temp"}}))) == "date weather ");
  const Batch renamed = run(op("rename", {{"mapping", Value::map({{"temp", "t"}, {"date", "day"}})}}));
  CHECK(names(renamed) == "day t weather ");
  CHECK(text_of(renamed, "t") == "[12.8,30.5,null]");
  CHECK(names(run(op("rename", {{"mapping", Value::map({{"temp", "date"}, {"date", "temp"}})}}))) ==
        "temp date weather ");
  CHECK(error(op("rename", {{"mapping", Value::map({{"temp", "date"}})}})).code() == Code::conflict);
  CHECK(error(op("select", {{"fields", Value::list({"tmp"})}})).hint() == "did you mean 'temp'?");
}

TEST_CASE("map makes columns by expression or function, from the columns as they were") {
  const Batch made = run(op("map", {{"columns", Value::map({{"temp", "temp * 2"}, {"half", "temp / 2"}})}}));
  CHECK(names(made) == "date temp weather half ");
  CHECK(text_of(made, "temp") == "[25.6,61.0,null]");
  CHECK(text_of(made, "half") == "[6.4,15.25,null]");
  CHECK(text_of(run(op("map", {{"field", "weather"}, {"function", "uppercase"}})), "weather") ==
        R"(["RAIN","SUN","SUN"])");
  CHECK(text_of(run(op("map", {{"field", "year"}, {"expression", "year(date)"}})), "year") == "[2012,2012,2013]");
}

TEST_CASE("convert gives columns another type, and a value that is not of it fails with its row") {
  const Batch texts = table({{"n", Value::list({"007", "12", nullptr})}, {"d", Value::list({"2012-01-01", "x", "y"})}});
  const Batch made = run(op("convert", {{"types", Value::map({{"n", "int64"}})}}), texts);
  CHECK(text_of(made, "n") == "[7,12,null]");
  CHECK(type_of(made, "n") == "int64");
  const Error wrong = error_of([&] { (void)run(op("convert", {{"types", Value::map({{"d", "date"}})}}), texts); });
  CHECK(wrong.detail("row") == "2");
  CHECK(wrong.detail("got") == "x");
  CHECK(text_of(run(op("convert", {{"types", Value::map({{"date", "text"}})}})), "date").size() == 40);
  CHECK(error(op("convert", {{"types", Value::map({{"date", "dat"}})}})).hint() == "did you mean 'date'?");
}

TEST_CASE("filter, limit and sort keep the rows that they say, in the order that they say") {
  CHECK(text_of(run(op("filter", {{"expression", "temp > 20"}})), "date") == R"(["2012-06-15"])");
  CHECK(text_of(run(op("filter", {{"field", "weather"}, {"op", "=="}, {"value", "sun"}})), "temp") == "[30.5,null]");
  CHECK(text_of(run(op("limit", {{"limit", 1}, {"offset", 1}})), "temp") == "[30.5]");
  CHECK(text_of(run(op("sort", {{"keys", Value::list({Value::map({{"field", "temp"}, {"asc", false}})})}})), "temp") ==
        "[30.5,12.8,null]");
  const Batch by_two =
      run(op("sort", {{"keys", Value::list({"weather", Value::map({{"field", "date"}, {"order", "desc"}})})}}));
  CHECK(text_of(by_two, "date") == R"(["2012-01-01","2013-12-31","2012-06-15"])");
  CHECK(text_of(run(op("sort", {{"keys", "temp"}, {"nulls", "first"}})), "temp") == "[null,12.8,30.5]");
}

TEST_CASE("flatten makes columns of nested maps, with the nulls of the map itself") {
  const Batch nested = table_of_rows(
      Value::list({Value::map({{"id", 1}, {"a", Value::map({{"b", Value::map({{"c", 5}})}, {"d", "x"}})}}),
                   Value::map({{"id", 2}})}),
      "test");
  const Batch flat = run(op("flatten"), nested);
  CHECK(names(flat) == "id a.b.c a.d ");
  CHECK(text_of(flat, "a.b.c") == "[5,null]");
  CHECK(names(run(op("flatten", {{"sep", "_"}}), nested)) == "id a_b_c a_d ");
  CHECK(names(run(op("flatten", {{"fields", "id"}}), nested)) == "id a ");
}

TEST_CASE("aggregate groups as Data_Processing.aggregate does") {
  const Value wanted = Value::list({Value::map({{"field", "temp"}, {"op", "sum"}, {"as", "total"}}),
                                    Value::map({{"field", "temp"}, {"op", "avg"}}), Value::map({{"op", "count"}})});
  const Batch made = run(op("aggregate", {{"group_by", Value::list({"weather"})}, {"aggregations", wanted}}));
  CHECK(names(made) == "weather total temp_avg count ");
  CHECK(text_of(made, "total") == "[12.8,30.5]");
  CHECK(text_of(made, "count") == "[1,2]");
}

TEST_CASE("several operations work one after the other") {
  const Value chain = Value::map(
      {{"operations", Value::list({op("filter", {{"expression", "temp > 0"}}),
                                   op("rename", {{"mapping", Value::map({{"temp", "t"}})}}),
                                   op("sort", {{"keys", Value::list({Value::map({{"field", "t"}, {"asc", false}})})}}),
                                   op("select", {{"fields", "t"}})})}});
  CHECK(text_of(run(chain), "t") == "[30.5,12.8]");
}

TEST_CASE("a wrong configuration is refused by key before any table is there") {
  CHECK(error(Value::map()).what() == std::string("operation is required"));
  CHECK(std::string(error(op("sorted")).what()).find("unsupported transform operation: sorted") != std::string::npos);
  CHECK(error(op("rename", {{"fields", "a"}})).detail("key") == "fields");
  CHECK(error(Value::map({{"operations", Value::list({op("sort")})}})).detail("key") == "operations[0].keys");
  CHECK(error(op("map", {{"columns", Value::map({{"x", "temp >"}})}})).detail("position") == "7");
}

TEST_CASE("the plugin transforms what the step before made, and reports its rows") {
  FakeHost host;
  host.context["days"] = write_table(days());
  const Value result = host.step(op("filter", {{"expression", "temp > 20"}}), "days", "warm");
  CHECK(result.at("rows").as_int64() == 1);
  CHECK(text_of(read_table(result.at("outputs").at("warm"), "x"), "date") == R"(["2012-06-15"])");
}
