#include "plugin/shape.h"

#include <doctest/doctest.h>

#include <string>

using namespace mortise;
using namespace mortise::plugin;

namespace {

std::string complaint(std::string_view shape, const Value& value) {
  try {
    check_shape(shape, value, "input");
  } catch (const Error& error) {
    return error.what();
  }
  return "fits";
}

}  // namespace

TEST_CASE("kinds are told apart, and a number may be whole") {
  CHECK(complaint("int", 1) == "fits");
  CHECK(complaint("int", 1.0) == "input: expected int, got 1");
  CHECK(complaint("number", 1) == "fits");
  CHECK(complaint("number", 1.5) == "fits");
  CHECK(complaint("string", "x") == "fits");
  CHECK(complaint("string", Value::bytes("x")) == "input: expected string, got a value of kind bytes");
  CHECK(complaint("any", nullptr) == "fits");
  CHECK(complaint("value", nullptr) == "input: expected value, got null");
  CHECK(complaint("data", Value::list()) == "fits");
  CHECK(complaint("data", "rows") == "input: expected data, got \"rows\"");
  CHECK(complaint("time", Time{5}) == "fits");
}

TEST_CASE("a list names the item that does not fit") {
  CHECK(complaint("[number]", Value::list()) == "fits");
  CHECK(complaint("[number]", Value::list({1, 2.5})) == "fits");
  CHECK(complaint("[number]", Value::list({1, "two"})) == "input[1]: expected number, got \"two\"");
  CHECK(complaint("[[int]]", Value::list({Value::list({1}), Value::list({true})})) == "input[1][0]: expected int, got true");
  CHECK(complaint("[number]", 5) == "input: expected [number], got 5");
}

TEST_CASE("a map names the key that is missing, wrong or too much") {
  constexpr std::string_view shape = "{source: string, format?: string}";
  CHECK(complaint(shape, Value::map({{"source", "a"}})) == "fits");
  CHECK(complaint(shape, Value::map({{"source", "a"}, {"format", nullptr}})) == "fits");
  CHECK(complaint(shape, Value::map({{"source", nullptr}})) == "input.source: expected string, got null");
  CHECK(complaint(shape, Value::map()) == "input.source: expected string, got nothing");
  CHECK(complaint(shape, Value::map({{"source", "a"}, {"format", 1}})) == "input.format: expected string, got 1");
  CHECK(complaint(shape, Value::map({{"source", "a"}, {"extra", 1}})) ==
        "input.extra: expected no key but source, format, got 1");
  CHECK(complaint("{source: string, ...}", Value::map({{"source", "a"}, {"extra", 1}})) == "fits");
  CHECK(complaint("{...}", Value::map({{"extra", 1}})) == "fits");
  CHECK(complaint("{}", Value::map()) == "fits");
  CHECK(complaint("{a: int}", "x") == "input: expected {a: int}, got \"x\"");
}

TEST_CASE("a map of anything checks every value") {
  CHECK(complaint("{*: int}", Value::map({{"a", 1}, {"b", 2}})) == "fits");
  CHECK(complaint("{*: int}", Value::map({{"a", 1}, {"b", "x"}})) == "input.b: expected int, got \"x\"");
}

TEST_CASE("of several alternatives one must fit; the complaint is about the one that came nearest") {
  constexpr std::string_view shape = "null | {event: string, data?: {n: int}} | [int]";
  CHECK(complaint(shape, nullptr) == "fits");
  CHECK(complaint(shape, Value::map({{"event", "x"}})) == "fits");
  CHECK(complaint(shape, Value::list({1})) == "fits");
  CHECK(complaint(shape, "x") == "input: expected null | {event: string, data?: {n: int}} | [int], got \"x\"");
  CHECK(complaint(shape, Value::map({{"event", "x"}, {"data", Value::map({{"n", "1"}})}})) ==
        "input.data.n: expected int, got \"1\"");
  CHECK(complaint(shape, Value::list({"x"})) == "input[0]: expected int, got \"x\"");
}

TEST_CASE("a text that is no shape is a defect of ours, and told apart") {
  for (const char* text : {"", "strng", "{a}", "{a: }", "[int", "{a: int", "int int", "{a: int b: int}", "int |", "{?: int}"}) {
    CAPTURE(text);
    CHECK_FALSE(is_shape(text));
  }
  CHECK(is_shape(" { a : int , b ? : [ string | null ] , ... } "));
  try {
    check_shape("{a: inte}", Value::map({{"a", 1}}), "input");
    FAIL("was read");
  } catch (const Error& error) {
    CHECK(error.code() == Code::internal);
  }
}
