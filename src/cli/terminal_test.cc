#include "cli/terminal.h"

#include <doctest/doctest.h>

using namespace mortise;
using namespace mortise::cli;

TEST_CASE("text from elsewhere cannot steer the terminal") {
  CHECK(harmless("a\033[2Jb\rc\x7F") == "a?[2Jb?c?");
  CHECK(harmless("\xC2\x9B"
                 "31m") == "?31m");
  CHECK(harmless("\xFFok") == "?ok");
  CHECK(harmless("käse ✓\n\tx") == "käse ✓\n\tx");
}

TEST_CASE("a table's columns are as wide as their widest cell, counted in characters") {
  CHECK(table({{"A", "B"}, {"äöü", "x"}, {"b", "y"}}) == "A    B\näöü  x\nb    y\n");
  CHECK(table({}).empty());
}

TEST_CASE("durations and counts are written for people") {
  CHECK(duration_text(0.0042) == "4.2 ms");
  CHECK(duration_text(0.12) == "120 ms");
  CHECK(duration_text(3.4) == "3.40 s");
  CHECK(duration_text(125) == "2 min 5 s");
  CHECK(count_text(7) == "7");
  CHECK(count_text(1461) == "1,461");
  CHECK(count_text(-1234567) == "-1,234,567");
  CHECK(count_text(-123) == "-123");
  CHECK(rows_text(1) == "1 row");
  CHECK(rows_text(1461) == "1,461 rows");
}

TEST_CASE("an error tells its place, what is known of it, and its causes") {
  const Error error = Error(Code::invalid, "steps[0].timeout: expected a duration, got \"soon\"", "write 30s")
                          .with("file", "p.yaml")
                          .with("line", "4")
                          .with("column", "9")
                          .with("key", "timeout")
                          .because(Error(Code::plugin, "inner\033"));
  CHECK(error_text(error, -1) ==
        "mortise: error: steps[0].timeout: expected a duration, got \"soon\"\n"
        "  hint: write 30s\n"
        "  at: p.yaml:4:9\n"
        "  key: timeout\n"
        "  because: inner?\n");
}
