#include "data/value_json.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "data/base64.h"
#include "data/table.h"
#include "data/tensor.h"

namespace mortise::data {
namespace {

Error refused(std::string_view text, const JsonLimits& limits = {}) {
  try {
    static_cast<void>(parse_json(text, limits));
  } catch (const Error& error) {
    return error;
  }
  FAIL("was accepted: " << text);
  throw;
}

std::string at(const Error& error) {
  return std::string(error.detail("line")) + ":" + std::string(error.detail("column"));
}

std::string nested_lists(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST_CASE("each kind of value has one plain JSON form") {
  CHECK(to_json(nullptr) == "null");
  CHECK(to_json(true) == "true");
  CHECK(to_json(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(to_json("caf\xC3\xA9 \"\\\n\x01 \xF0\x9F\x98\x80") == "\"caf\xC3\xA9 \\\"\\\\\\n\\u0001 \xF0\x9F\x98\x80\"");
  CHECK(to_json(Value::bytes(std::string_view("\0\xFF", 2))) == "\"AP8=\"");
  CHECK(to_json(Time{1'769'862'896'000'000'001}) == "\"2026-01-31T12:34:56.000000001Z\"");
  CHECK(to_json(Value::list({1, "a", Value::list()})) == R"([1,"a",[]])");
  CHECK(to_json(Value::map({{"b", 1}, {"a", Value::map()}})) == R"({"b":1,"a":{}})");
}

TEST_CASE("a float64 is written in its shortest form, recognisable as one, and reads back to the same bits") {
  CHECK(to_json(1.0) == "1.0");
  CHECK(to_json(-0.0) == "-0.0");
  CHECK(to_json(0.1) == "0.1");
  CHECK(to_json(1e22) == "1e+22");
  CHECK(to_json(5e-324) == "5e-324");
  for (const double number :
       {1.0, -0.0, 0.1, 1e22, 5e-324, 1.7976931348623157e308, 123456789012345680.0, 2.2250738585072014e-308}) {
    const Value back = parse_json(to_json(number));
    REQUIRE(back.is(Kind::float64));
    CHECK(back.as_float64() == number);
    CHECK(std::signbit(back.as_float64()) == std::signbit(number));
  }
}

TEST_CASE("numbers that JSON lacks are null, or words when one asks for them") {
  const Value all =
      Value::list({std::nan(""), std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()});
  CHECK(to_json(all) == "[null,null,null]");
  CHECK(to_json(all, {.non_finite = NonFinite::text}) == R"(["NaN","Infinity","-Infinity"])");
}

TEST_CASE("indentation puts each item on a line of its own") {
  CHECK(to_json(Value::map({{"a", Value::list({1, 2})}, {"b", Value::map()}}), {.indent = 2}) ==
        "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

TEST_CASE("a table is written as rows or as a grid, both cut where one wants") {
  const Value table = table_from_rows(
      Value::list({Value::map({{"day", "Mon"}, {"rain", 1.5}}), Value::map({{"day", nullptr}, {"rain", 2.0}}),
                   Value::map({{"day", "Wed"}, {"rain", 0.0}})}));
  CHECK(to_json(table) == R"([{"day":"Mon","rain":1.5},{"day":null,"rain":2.0},{"day":"Wed","rain":0.0}])");
  CHECK(to_json(table, {.max_rows = 1}) == R"([{"day":"Mon","rain":1.5}])");
  CHECK(
      to_json(table, {.tables = TableForm::grid, .max_rows = 2}) ==
      R"({"columns":[{"name":"day","type":"text"},{"name":"rain","type":"real"}],"rows":[["Mon",1.5],[null,2.0]],"row_count":3,"column_count":2})");
}

TEST_CASE("a tensor is written as nested lists") {
  const std::vector<std::int32_t> numbers{1, 2, 3, 4, 5, 6};
  CHECK(to_json(make_tensor(Dtype::int32, {2, 3}, std::span<const std::int32_t>(numbers))) == "[[1,2,3],[4,5,6]]");
  CHECK(to_json(make_tensor(Dtype::int32, {}, std::span<const std::int32_t>(numbers).first(1))) == "1");
  CHECK(to_json(make_tensor(Dtype::fp64, {2, 0}, std::span<const double>())) == "[[],[]]");
  CHECK_THROWS_AS(static_cast<void>(to_json(make_tensor(Dtype::fp64, {1 << 30, 0}, std::span<const double>()))), Error);
}

TEST_CASE("what is not UTF-8 or nests too deep is not written") {
  CHECK_THROWS_AS(static_cast<void>(to_json(Value("\xFF\xFE"))), Error);
  CHECK_THROWS_AS(static_cast<void>(to_json(Value::map({{"\xC0\x80", 1}}))), Error);
  Value deep = 1;
  for (int i = 0; i < 127; ++i) deep = Value::list({deep});
  CHECK(to_json(deep).size() == 255);
  CHECK_THROWS_AS(static_cast<void>(to_json(Value::list({deep}))), Error);
}

TEST_CASE("plain JSON is read into the kinds it shows") {
  const Value value =
      parse_json(R"( {"a": [1, -2.5, "x\u00e9\ud83d\ude00", true, null], "n": 9223372036854775807, "z": {}} )");
  CHECK(value == Value::map({{"a", Value::list({1, -2.5, "x\xC3\xA9\xF0\x9F\x98\x80", true, nullptr})},
                             {"n", std::numeric_limits<std::int64_t>::max()},
                             {"z", Value::map()}}));
  CHECK(value.members()[1].key() == "n");
  CHECK(parse_json("1").is(Kind::int64));
  CHECK(parse_json("1.0").is(Kind::float64));
  CHECK(parse_json("1e2").is(Kind::float64));
}

TEST_CASE("an error in JSON says where it is, what should stand there and what does") {
  const Error error = refused("{\n  \"a\": 1,\n  \"b\" 2\n}");
  CHECK(error.code() == Code::invalid);
  CHECK(at(error) == "3:7");
  CHECK(error.detail("expected") == "':'");
  CHECK(error.detail("got") == "'2'");
  CHECK(std::string(error.what()) == "JSON, line 3, column 7: expected ':', got '2'");

  CHECK(at(refused("")) == "1:1");
  CHECK(refused("").detail("got") == "the end of the text");
  CHECK(at(refused("[1,\n2,]")) == "2:3");
  CHECK(at(refused("[1 2]")) == "1:4");
  CHECK(at(refused("{\"a\":tru}")) == "1:6");
  CHECK(at(refused("[\"\\ud800\"]")) == "1:3");
  CHECK(at(refused("[\"\\x\"]")) == "1:3");
  CHECK(at(refused("[\"\n\"]")) == "1:3");
  CHECK(at(refused("[\"\xC3\"]")) == "1:3");
  CHECK(at(refused("[\"abc]")) == "1:2");
  CHECK(at(refused("[01]")) == "1:2");
  CHECK(at(refused("[1.]")) == "1:4");
  CHECK(at(refused("[-]")) == "1:3");
  CHECK(at(refused("[NaN]")) == "1:2");
  CHECK(at(refused("{a:1}")) == "1:2");
  CHECK(at(refused("{} {}")) == "1:4");
  CHECK(at(refused(std::string_view("[1\0]", 4))) == "1:3");
}

TEST_CASE("numbers beyond int64 and float64 are refused where they stand") {
  CHECK(at(refused("[1,\n 9223372036854775808]")) == "2:2");
  CHECK(at(refused("[1,\n 99999999999999999999999]")) == "2:2");
  CHECK(at(refused("[0.5, 1e999]")) == "1:7");
  CHECK(at(refused("[0.5, -123456e400]")) == "1:7");
  CHECK(at(refused("[10e9223372036854775807, 1e99999999999999999999]")) == "1:2");
  CHECK(parse_json("1e-999").as_float64() == 0.0);
  CHECK(parse_json("0.0e999").as_float64() == 0.0);
}

TEST_CASE("a key that stands twice is refused, in small and in large objects") {
  const Error error = refused("{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2}}");
  CHECK(at(error) == "2:16");
  CHECK(std::string(error.what()).find("'c' stands twice") != std::string::npos);
  std::string large = "{";
  for (int i = 0; i < 1000; ++i) large += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  CHECK(parse_json(large + "\"k1000\":0}").size() == 1001);
  CHECK_THROWS_AS(static_cast<void>(parse_json(large + "\"k7\":0}")), Error);
}

TEST_CASE("JSON nests 128 levels and not one more") {
  CHECK(parse_json(nested_lists(128)).is(Kind::list));
  CHECK(at(refused(nested_lists(129))) == "1:129");
  CHECK(parse_json("[" + nested_lists(126) + ",[1]]").is(Kind::list));
  CHECK_THROWS_AS(static_cast<void>(parse_json(std::string(127, '[') + "[1]" + std::string(127, ']'))), Error);
  CHECK_THROWS_AS(static_cast<void>(parse_json(nested_lists(100'000))), Error);
  CHECK_THROWS_AS(static_cast<void>(parse_json(std::string(100'000, '['))), Error);
  CHECK(at(refused("[[[]]]", {.depth = 2})) == "1:3");
}

TEST_CASE("JSON beyond the budget of values or bytes is refused") {
  CHECK(parse_json("[1,2]", {.values = 3}).size() == 2);
  CHECK(at(refused("[1,2,\n3]", {.values = 3})) == "2:1");
  CHECK_THROWS_AS(static_cast<void>(parse_json("[1,2,3]", {.bytes = 6})), Error);
}

TEST_CASE("the refusal names the text by the caller's word for it") {
  try {
    static_cast<void>(parse_json("[", {}, "request body"));
    FAIL("was accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).starts_with("request body, line 1, column 2: "));
  }
}

TEST_CASE("base64 goes both ways, and only well-formed text comes back") {
  std::string bytes;
  for (int length = 0; length < 70; ++length) {
    std::string text;
    append_base64(text, bytes);
    CHECK(text.size() == (bytes.size() + 2) / 3 * 4);
    CHECK(decode_base64(text) == bytes);
    bytes += static_cast<char>(length * 37 + 200);
  }
  CHECK(decode_base64("TQ==") == "M");
  CHECK(decode_base64("TWE=") == "Ma");
  for (const char* wrong :
       {"T", "TQ", "TQ=", "TR==", "TWF=", "TQ=Q", "====", "TQ\n=", "T Q=", "TWE*", "=TQ=", "TQ==TQ=="}) {
    CAPTURE(wrong);
    CHECK(!decode_base64(wrong));
  }
}

}  // namespace
}  // namespace mortise::data
