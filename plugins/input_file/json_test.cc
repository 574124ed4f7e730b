#include "input_file/json_reader.h"

#include <doctest/doctest.h>

#include "lib/json_text.h"
#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

Value read(const std::string& text) { return read_json(text, "t.json"); }

std::string line_of_error(const std::string& text) {
  return std::string(error_of([&] { (void)read(text); }).detail("line"));
}

}  // namespace

TEST_CASE("every kind of value is read, and numbers keep what they are") {
  CHECK(json_text(read(R"([1, -0, 1.0, 1e2, true, null, "a\u00e9\ud83d\ude00", {"k": [ ]}])")) ==
        "[1,-0.0,1.0,100.0,true,null,\"a\xc3\xa9\xf0\x9f\x98\x80\",{\"k\":[]}]");
  CHECK(json_text(read("[9223372036854775807,-9223372036854775808]")) == "[9223372036854775807,-9223372036854775808]");
}

TEST_CASE("a number that no type holds stays the text that it was") {
  CHECK(json_text(read("[9223372036854775808, 18446744073709551616, 1e999 ]")) ==
        R"(["9223372036854775808","18446744073709551616","1e999"])");
}

TEST_CASE("an error names the line") {
  CHECK(line_of_error("[1,\n2,\nx]") == "3");
  CHECK(line_of_error("{\"a\": 1,\n\n\"a\": 2}") == "3");
  CHECK(line_of_error("[1,\n2") != "");
  CHECK(line_of_error("[1]\n[2]") == "2");
  CHECK(line_of_error("") == "1");
  CHECK(line_of_error("  \n ") != "");
  CHECK(line_of_error("[01]") == "1");
  CHECK(line_of_error("[nul]") == "1");
  CHECK(line_of_error("[\"a\tb\"]") == "1");
  CHECK(line_of_error("7") == "1");
}

TEST_CASE("nesting is read to the limit and refused one beyond it") {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK_NOTHROW(read(nested(MORTISE_MAX_DEPTH)));
  const Error deep = error_of([&] { (void)read(nested(MORTISE_MAX_DEPTH + 1)); });
  CHECK(deep.detail("expected") == "at most 128 levels");
  CHECK(error_of([&] { (void)read(nested(100'000)); }).code() == Code::invalid);
}
