#include "lib/options.h"

#include <doctest/doctest.h>

#include "lib/suggest.h"

using namespace mortise;
using namespace mortise::plugins;

namespace {

template <typename Body>
Error error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return {Code::internal, ""};
}

}  // namespace

TEST_CASE("an option of the wrong kind is named with its path, what was expected and what was there") {
  const Value config = Value::map({{"plot", Value::map({{"kind", "pie"}, {"bins", 0}})}});
  const Options plot = Options(config).map("plot");
  const Error kind = error_of([&] { (void)plot.choice("kind", {"line", "bar"}); });
  CHECK(std::string(kind.what()) == "plot.kind: expected one of line, bar, got the text 'pie'");
  CHECK(kind.detail("key") == "plot.kind");
  const Error bins = error_of([&] { (void)plot.integer("bins", 1, 500); });
  CHECK(std::string(bins.what()) == "plot.bins: expected an integer from 1 to 500, got 0");
  CHECK(error_of([&] { (void)plot.flag("kind", true); }).detail("expected") == "true or false");
}

TEST_CASE("an unknown key comes with the one that was meant") {
  const Value config = Value::map({{"delimeter", ";"}});
  const Error error = error_of([&] { Options(config).only({"path", "delimiter"}); });
  CHECK(std::string(error.what()) == "unknown key 'delimeter'");
  CHECK(error.hint() == "did you mean 'delimiter'?");
}

TEST_CASE("a missing or null option takes its default") {
  const Value config = Value::map({{"header", nullptr}});
  const Options options(config);
  CHECK(options.flag("header", true));
  CHECK(options.text("x", "y") == "y");
  CHECK_FALSE(options.integer("limit"));
  CHECK(options.texts("columns").empty());
  CHECK(options.choice("shape", {"records", "columns"}) == "records");
  CHECK(error_of([&] { (void)options.required_text("path"); }).what() == std::string("path is required"));
}

TEST_CASE("a suggestion is made only when it is near") {
  CHECK(nearest("temp_mx", {"temp_max", "temp_min", "wind"}) == "temp_max");
  CHECK(nearest("Wind", {"temp_max", "wind"}) == "wind");
  CHECK(nearest("x", {"y"}).empty());
  CHECK(suggestion("pressure", {"wind", "rain"}) == "known are: wind, rain");
}
