#include "plugin/nearest.h"

#include <doctest/doctest.h>

using namespace mortise::plugin;

TEST_CASE("a mistyped name finds the one that was meant, whatever its case") {
  const std::vector<std::string> known{"timeout", "columns", "Input.file"};
  CHECK(did_you_mean("timout", known) == "did you mean 'timeout'?");
  CHECK(did_you_mean("tiemout", known) == "did you mean 'timeout'?");
  CHECK(did_you_mean("input.FILE", known) == "did you mean 'Input.file'?");
}

TEST_CASE("a name that is near to nothing gets the list while it is short, and nothing when it is long") {
  CHECK(did_you_mean("zebra", std::vector<std::string>{"timeout", "columns"}) == "known: timeout, columns");
  CHECK(did_you_mean("zebra", std::vector<std::string>(9, "timeout")).empty());
  CHECK(did_you_mean("zebra", std::vector<std::string>{}).empty());
  CHECK(did_you_mean("", std::vector<std::string>{"a"}) == "known: a");
}

TEST_CASE("a single letter is never near to another single letter") {
  CHECK(did_you_mean("x", std::vector<std::string>(9, "y")).empty());
}
