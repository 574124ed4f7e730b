#include <doctest/doctest.h>

#include "trial/report.h"

using namespace mortise::trial;
using Outcome = Case::Outcome;

TEST_CASE("a line of a runner is a case, and nonsense is none") {
  const auto one = case_of_line(R"({"suite": "tests/a.py", "name": "t", "outcome": "failed", "seconds": 0.5, "message": "m"})");
  REQUIRE(one);
  CHECK(one->outcome == Outcome::failed);
  CHECK(one->suite == "tests/a.py");
  CHECK(one->seconds == 0.5);
  CHECK(one->message == "m");
  for (const char* line : {"", "{", "5", "[]", R"({"outcome": "fine"})", R"({"outcome": 5})", "{\"outcome\": \"failed\"", "\xff"}) {
    CAPTURE(line);
    CHECK_FALSE(case_of_line(line));
    CHECK_FALSE(end_of_line(line));
  }
  CHECK(end_of_line(R"({"end": 3})") == 3);
  CHECK(case_of_line(R"({"name": "t", "outcome": "passed", "seconds": -1e308})")->seconds == 0);
}

TEST_CASE("TAP is read, and what only looks like it is not") {
  const auto cases = cases_printed(
      "hello\nok 1 - adds\nnot ok 2 - subtracts\nok 3 - multiplies # SKIP no time\nok\nok computer\nnotok 4\nok 5\r\n1..5\n", "tests");
  REQUIRE(cases.size() == 4);
  CHECK(cases[0].name == "adds");
  CHECK(cases[1].outcome == Outcome::failed);
  CHECK(cases[2].outcome == Outcome::skipped);
  CHECK(cases[2].name == "multiplies");
  CHECK(cases[3].name == "a test without a name");
}

TEST_CASE("the lines of ctest are read") {
  const auto cases = cases_printed("Test project /x\n    Start 1: unit.a\n1/3 Test #1: unit.a ...........................   Passed    0.01 sec\n"
                                   "2/3 Test #2: unit.b ...........................***Failed    0.02 sec\n"
                                   "3/3 Test #3: unit.c ...........................***Not Run (Disabled)   0.00 sec\n",
                                   "tests");
  REQUIRE(cases.size() == 3);
  CHECK(cases[0].name == "unit.a");
  CHECK(cases[0].outcome == Outcome::passed);
  CHECK(cases[1].outcome == Outcome::failed);
  CHECK(cases[2].outcome == Outcome::skipped);
}

TEST_CASE("the events of go test are read, and a package that does not build is one failed case") {
  const auto cases = cases_of_go(
      R"({"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"want 2\n"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"fail","Package":"p","Test":"TestB","Elapsed":0.2}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p","Elapsed":0.3}
{"Action":"output","Package":"q","Output":"undefined: x\n"}
{"Action":"fail","Package":"q","Elapsed":0}
)");
  REQUIRE(cases.size() == 4);
  CHECK(cases[1].message == "want 2\n");
  CHECK(cases[2].outcome == Outcome::skipped);
  CHECK(cases[3].suite == "q");
  CHECK(cases[3].message == "undefined: x\n");
}
