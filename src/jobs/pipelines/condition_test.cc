#include "jobs/pipelines/condition.h"

#include <doctest/doctest.h>

#include <map>

using namespace mortise;
using jobs::Condition;

namespace {

bool holds(std::string_view text, bool any_failed = false) {
  const std::map<std::string, Value, std::less<>> context = {
      {"mode", "full"},     {"n", 3},
      {"x", 2.5},           {"empty", Value::list()},
      {"nothing", Value()}, {"nested", Value::map({{"list", Value::list({1, 2, 3})}})}};
  Condition::Scope scope;
  scope.context = [&](std::string_view name) -> const Value* {
    const auto found = context.find(name);
    return found == context.end() ? nullptr : &found->second;
  };
  scope.steps = Value::map({{"Read file", Value::map({{"rows", 5}, {"outcome", "succeeded"}})}});
  scope.any_failed = any_failed;
  return Condition::parse(text).holds(scope);
}

std::string failure(std::string_view text) {
  try {
    (void)holds(text);
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid);
    CHECK(error.detail("key") == "when");
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a condition compares context entries and earlier steps") {
  CHECK(holds("mode == 'full'"));
  CHECK(holds("n == 3.0 and x < n"));
  CHECK_FALSE(holds("n != 3 or x > 3"));
  CHECK(holds("steps[\"Read file\"].rows >= 5"));
  CHECK(holds("mode in ['daily', \"full\"]"));
  CHECK(holds("nested.list[2] == 3"));
  CHECK(holds("not (n < 3)"));
  CHECK(holds("len(empty) == 0 and len(nested.list) == 3"));
}

TEST_CASE("'or' binds looser than 'and', which binds looser than 'not'") {
  CHECK(holds("true or false and false"));
  CHECK_FALSE(holds("not true or false"));
  CHECK(holds("not false and true"));
}

TEST_CASE("a missing name is null, and exists tells it from a null value") {
  CHECK(holds("absent == null"));
  CHECK(holds("nothing == null"));
  CHECK(holds("exists(nothing) and not exists(absent)"));
  CHECK_FALSE(holds("absent"));
}

TEST_CASE("a condition that asks about failure is recognised wherever it stands") {
  CHECK(Condition::parse("n > 1 and (failed() or x)").asks_about_failure());
  CHECK(Condition::parse("always()").asks_about_failure());
  CHECK_FALSE(Condition::parse("succeeded()").asks_about_failure());
  CHECK(holds("failed()", true));
  CHECK_FALSE(holds("succeeded()", true));
}

TEST_CASE("a condition that makes no sense is an error that names the place") {
  CHECK(failure("n >") == "condition 'n >', column 4: expected a value or a name, got the end");
  CHECK(failure("n = 3").find("column 3") != std::string::npos);
  CHECK(failure("mode < 3") == "condition 'mode < 3': cannot order string and int64");
  CHECK(failure("mode") == "condition 'mode': expected true or false, got string");
  CHECK(failure("run('rm')").find("one of the functions exists, len") != std::string::npos);
  CHECK(failure("'open").find("closing '") != std::string::npos);
  CHECK(failure("n in 3").find("needs a list") != std::string::npos);
  CHECK(failure(std::string(200, '(')).find("levels of nesting") != std::string::npos);
  CHECK(failure(std::string(5000, ' ')).find("4096 characters") != std::string::npos);
}
