#include "lib/rows.h"

#include <doctest/doctest.h>

#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

Batch rows(std::initializer_list<Value> list) { return table_of_rows(Value::list(list), "input"); }

}  // namespace

TEST_CASE("rows with different keys make all the columns, with nulls where a key was missing") {
  const Batch batch = rows({Value::map({{"a", 1}, {"b", "x"}}), Value::map({{"c", true}, {"a", nullptr}})});
  CHECK(column_names(*batch) == std::vector<std::string>{"a", "b", "c"});
  CHECK(text_of(batch, "a") == "[1,null]");
  CHECK(text_of(batch, "b") == R"(["x",null])");
  CHECK(text_of(batch, "c") == "[null,true]");
}

TEST_CASE("a column of integers and floats is float64 while that is exact, and text otherwise") {
  CHECK(type_of(rows({Value::map({{"a", 1}}), Value::map({{"a", 0.5}})}), "a") == "double");
  const Batch wide = rows({Value::map({{"a", 9007199254740993}}), Value::map({{"a", 0.5}})});
  CHECK(text_of(wide, "a") == R"(["9007199254740993","0.5"])");
  CHECK(text_of(rows({Value::map({{"a", 9007199254740993}})}), "a") == "[9007199254740993]");
}

TEST_CASE("a column of mixed kinds becomes text and keeps every value") {
  const Batch batch = rows({Value::map({{"a", 1}}), Value::map({{"a", "one"}}), Value::map({{"a", Value::list({1})}})});
  CHECK(text_of(batch, "a") == R"(["1","one","[1]"])");
}

TEST_CASE("lists and maps inside rows keep their structure") {
  const Batch batch = rows({Value::map({{"p", Value::map({{"x", 1}, {"y", Value::list({"a"})}})}}),
                            Value::map({{"p", Value::map({{"x", 2.5}})}}), Value::map({{"p", nullptr}})});
  CHECK(text_of(batch, "p") == R"([{"x":1.0,"y":["a"]},{"x":2.5,"y":null},null])");
  CHECK(text_of(rows({Value::map({{"e", Value::map()}})}), "e") == R"(["{}"])");
}

TEST_CASE("times and bytes keep their kinds") {
  const Batch batch = rows({Value::map({{"t", Time{1'500'000'000}}, {"b", Value::bytes("abc")}})});
  CHECK(text_of(batch, "t") == R"(["1970-01-01T00:00:01.5Z"])");
  CHECK(text_of(batch, "b") == R"(["YWJj"])");
}

TEST_CASE("texts become dates only where that is asked and all of them are dates") {
  const Value value = Value::list({Value::map({{"d", "2012-01-01"}}), Value::map({{"d", nullptr}})});
  CHECK(type_of(table_of_rows(value, "input", TextDates::infer), "d") == "date32[day]");
  CHECK(type_of(table_of_rows(value, "input"), "d") == "string");
  const Value mixed = Value::list({Value::map({{"d", "2012-01-01"}}), Value::map({{"d", "today"}})});
  CHECK(type_of(table_of_rows(mixed, "input", TextDates::infer), "d") == "string");
}

TEST_CASE("rows under 'rows' and lists as columns are understood, anything else is refused by name") {
  CHECK(table_of_rows(Value::map({{"rows", Value::list({Value::map({{"a", 1}})})}, {"n", 1}}), "x")->num_rows() == 1);
  CHECK(table_of_rows(Value::map({{"a", Value::list({1, 2})}}), "x")->num_rows() == 2);
  CHECK(table_of_rows(Value::list(), "x")->num_rows() == 0);
  const Error uneven = error_of([] {
    (void)table_of_rows(Value::map({{"a", Value::list({1})}, {"b", Value::list({1, 2})}}), "input");
  });
  CHECK(std::string(uneven.what()) == "input.b has 2 values, and a has 1");
  const Error row = error_of([] { (void)table_of_rows(Value::list({Value::map({{"a", 1}}), 7}), "input"); });
  CHECK(std::string(row.what()) == "input[1]: expected a row (a map of columns), got 7");
  CHECK(error_of([] { (void)table_of_rows(Value(5), "input"); }).code() == Code::invalid);
}
