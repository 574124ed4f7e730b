#include "plugin/extension_points.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "mortise/plugin.h"
#include "plugin/shape.h"

using namespace mortise;
using namespace mortise::plugin;

TEST_CASE("every extension point has a summary, an operation and shapes that can be read, and no name comes twice") {
  std::set<std::string_view> names;
  for (const ExtensionPoint& point : extension_points()) {
    CAPTURE(point.name);
    CHECK(names.insert(point.name).second);
    CHECK_FALSE(point.summary.empty());
    CHECK_FALSE(point.operations.empty());
    for (const OperationContract& row : point.operations) {
      CAPTURE(row.input);
      CAPTURE(row.output);
      CHECK(is_shape(row.input));
      CHECK(is_shape(row.output));
      CHECK_FALSE(operation_name(row.operation).empty());
      CHECK(row.method.empty() == (row.operation != MORTISE_OP_CALL));
    }
  }
  CHECK(names.size() == 24);
}

TEST_CASE("an unknown extension point is refused with the nearest known one") {
  CHECK(find_extension_point("analysis") != nullptr);
  CHECK(find_extension_point("Analysis") == nullptr);
  try {
    (void)extension_point("anlysis");
    FAIL("found");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "Unknown extension point: anlysis");
    CHECK(error.hint() == "did you mean 'analysis'?");
  }
}

TEST_CASE("a preprocessor takes rows in any form and must give data back") {
  const ExtensionPoint& point = extension_point("preprocessing");
  const Value rows = Value::list({Value::list({1, 2, 3}), Value::list({4, 5, 6})});
  check_input(point, MORTISE_OP_EXECUTE, Value::map({{"data", rows}, {"parameters", Value::map({{"method", "zscore"}})}}));
  check_output(point, MORTISE_OP_EXECUTE, Value::map({{"data", rows}, {"logs", Value::list({"done"})}}));
  CHECK_THROWS_WITH_AS(check_output(point, MORTISE_OP_EXECUTE, Value::map({{"data", nullptr}})),
                       "output.data: expected data, got null", Error);
}

TEST_CASE("importing asks for source and format, analysing for a method, drawing for a kind of chart") {
  const auto missing = [](const char* point) {
    try {
      check_input(extension_point(point), MORTISE_OP_EXECUTE, Value::map({{"data", Value::list()}, {"parameters", Value::map()}}));
    } catch (const Error& error) {
      return std::string(error.detail("key"));
    }
    return std::string();
  };
  CHECK(missing("data_import") == "input.parameters.source");
  CHECK(missing("analysis") == "input.parameters.method");
  CHECK(missing("visualization") == "input.parameters.chart_type");
  CHECK(missing("feature_engineering").empty());
}

TEST_CASE("a monitor may answer nothing or an event") {
  const ExtensionPoint& point = extension_point("monitor");
  check_output(point, MORTISE_OP_POLL, nullptr);
  check_output(point, MORTISE_OP_POLL, Value::map({{"timestamp", Time{0}}, {"label", "door"}, {"event", "open"}}));
  CHECK_THROWS_WITH_AS(check_output(point, MORTISE_OP_POLL, Value::map({{"timestamp", Time{0}}, {"label", "door"}})),
                       "output.event: expected string, got nothing", Error);
}

TEST_CASE("an operation that a point does not ask for is unsupported") {
  CHECK_THROWS_WITH_AS(check_input(extension_point("Input"), MORTISE_OP_POLL, nullptr),
                       "extension point 'Input' has no operation 'poll'", Error);
  CHECK(contract(extension_point("head"), MORTISE_OP_CALL, "forward") != nullptr);
  CHECK(contract(extension_point("head"), MORTISE_OP_CALL, "backward") == nullptr);
}

TEST_CASE("docs/extension-points.md says what the table says") {
  const std::string path = MORTISE_SOURCE_DIR "/docs/extension-points.md";
  if (std::getenv("MORTISE_PRINT") != nullptr) std::ofstream(path) << extension_points_page();
  std::stringstream page;
  page << std::ifstream(path).rdbuf();
  INFO("write it anew: MORTISE_PRINT=1 build/bin/tests/plugin_test");
  CHECK(page.str() == extension_points_page());
}
