#include "lib/expression.h"

#include <doctest/doctest.h>

#include <random>

using namespace mortise;
using namespace mortise::plugins;

namespace {

std::string canonical(std::string_view text) { return to_text(parse_expression(text, "where")); }

Error error_of(std::string_view text) {
  try {
    (void)parse_expression(text, "where");
  } catch (const Error& error) {
    return error;
  }
  FAIL("parsed: " << text);
  return {Code::internal, ""};
}

}  // namespace

TEST_CASE("not binds tighter than and, and tighter than or") {
  CHECK(canonical("a or b and not c") == "(a or (b and (not c)))");
  CHECK(canonical("not a == 1 && b || c") == "(((not (a == 1)) and b) or c)");
  CHECK(canonical("a and b and c") == "(a and b and c)");
}

TEST_CASE("arithmetic has its usual order, and a minus before a number is its sign") {
  CHECK(canonical("a - b - c * -2 / 4 > 1.5e3") == "(((a - b) - ((c * -2) / 4)) > 1500.0)");
  CHECK(canonical("-a + 1") == "((-(a)) + 1)");
  CHECK(canonical("x > -9223372036854775808") == "(x > -9223372036854775808)");
}

TEST_CASE("every spelling of an operator means the same") {
  CHECK(canonical("a = 1") == canonical("a == 1"));
  CHECK(canonical("a <> 1") == canonical("a != 1"));
  CHECK(canonical("NOT (a IN (1, 2))") == canonical("a not in [1,2]"));
  CHECK(canonical("a is not null") == "(not (a is null))");
}

TEST_CASE("texts and names may hold anything") {
  CHECK(canonical(R"(weather != "ra\"in\n")") == "(weather != \"ra\\\"in\n\")");
  CHECK(canonical("`temp max (°C)` > 1 and größe > 2") == "((`temp max (°C)` > 1) and (größe > 2))");
  CHECK(canonical("year(date) == 2012") == "(year(date) == 2012)");
  CHECK(columns_of(parse_expression("a > b and a in (c, 1) or f(`d e`) > 1", "where")) ==
        std::vector<std::string>{"a", "b", "c", "d e"});
}

TEST_CASE("a mistake is shown with its position, what was expected and what was there") {
  const Error error = error_of("temp_max > ) 10");
  CHECK(std::string(error.what()) ==
        "where: position 12: expected a column, a number, a text in quotes or '(', got ')'");
  CHECK(error.hint() == "here: temp_max >  >> ) 10");
  CHECK(error.detail("position") == "12");
  CHECK(error_of("").detail("got") == "the end");
  CHECK(error_of("a > 1 b").detail("expected") == "the end, or a word such as 'and'");
  CHECK(error_of("a > \"x").detail("got") == "no closing quote");
  CHECK(error_of("a > 1 > 2").detail("expected") == "'and' between two comparisons");
  CHECK(error_of("a and and b").detail("got") == "'and'");
  CHECK(error_of("a ; b").detail("got") == "';'");
  CHECK(error_of("x > 99999999999999999999").detail("expected") == "a number that int64 or float64 can hold");
  CHECK(error_of("x > 1e999").code() == Code::invalid);
  CHECK(error_of("x > 12abc").detail("got") == "letters after a number");
}

TEST_CASE("nesting, parts and length have limits") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '(') + "a" + std::string(depth, ')'); };
  CHECK(canonical(nested(60)) == "a");
  CHECK(error_of(nested(100)).detail("expected") == "at most 64 levels of nesting");
  std::string sum = "a";
  for (int i = 0; i < 62; ++i) sum += "+1";
  CHECK_NOTHROW(canonical(sum));
  for (int i = 0; i < 10; ++i) sum += "+1";
  CHECK(error_of(sum).code() == Code::invalid);
  CHECK(error_of(std::string(100, '-') + "a").code() == Code::invalid);
  std::string nots;
  for (int i = 0; i < 100; ++i) nots += "not ";
  CHECK(error_of(nots + "a").code() == Code::invalid);
  std::string wide = "a == 1";
  for (int i = 0; i < 400; ++i) wide += " or a == 1";
  CHECK_NOTHROW(canonical(wide));  // wide is fine, deep is not
  CHECK(error_of(std::string(20'000, 'a')).code() == Code::invalid);
}

TEST_CASE("canonical text parses to itself, and garbage never crashes") {
  const std::string alphabet = "ab1.\"'`()[],=<>!+-*/ &|\\ntor&\xc3\xa9";
  std::mt19937 random(7);
  int parsed = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text(random() % 12 + 1, ' ');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    try {
      const std::string once = canonical(text);
      REQUIRE(canonical(once) == once);
      ++parsed;
    } catch (const Error& error) {
      REQUIRE(error.code() == Code::invalid);
    }
  }
  CHECK(parsed > 100);
}
