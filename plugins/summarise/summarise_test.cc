#include "summarise/summarise.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lib/fake_host.h"
#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

Batch mixed() {
  return table({{"n", Value::list({3, 1, 2, nullptr})},
                {"x", Value::list({0.5, NAN, nullptr, 2.5})},
                {"name", Value::list({"b", "a", "b", ""})},
                {"day", Value::list({"2012-01-02", "2012-01-01", nullptr, nullptr})},
                {"list", Value::list({Value::list({1}), nullptr, nullptr, nullptr})},
                {"none", Value::list({nullptr, nullptr, nullptr, nullptr})}});
}

}  // namespace

TEST_CASE("every column is described by what its type allows") {
  const Batch summary = summarise(mixed(), {});
  CHECK(text_of(summary, "column") == R"(["n","x","name","day","list","none"])");
  CHECK(text_of(summary, "count") == "[3,2,4,2,1,0]");
  CHECK(text_of(summary, "nulls") == "[1,2,0,2,3,4]");
  CHECK(text_of(summary, "distinct") == "[3,2,3,2,null,0]");
  CHECK(text_of(summary, "min") == R"(["1","0.5","","2012-01-01",null,null])");
  CHECK(text_of(summary, "max") == R"(["3","2.5","b","2012-01-02",null,null])");
  CHECK(text_of(summary, "mean") == "[2.0,1.5,null,null,null,null]");
  CHECK(text_of(summary, "std") == "[1.0," + json_text(std::sqrt(2.0)) + ",null,null,null,null]");
  CHECK(text_of(summary, "median") == "[2.0,1.5,null,null,null,null]");
}

TEST_CASE("wanted columns come in the wanted order") {
  CHECK(text_of(summarise(mixed(), {"x", "n"}), "column") == R"(["x","n"])");
  CHECK(error_of([] { (void)summarise(mixed(), {"nane"}); }).hint() == "did you mean 'name'?");
}

TEST_CASE("a table without rows or columns has a summary too") {
  CHECK(text_of(summarise(mixed()->Slice(0, 0), {"n"}), "min") == "[null]");
  CHECK(summarise(make_batch({}, 0), {})->num_rows() == 0);
}

TEST_CASE("the plugin describes what the step before made") {
  FakeHost host;
  host.context["t"] = write_table(mixed());
  CHECK(host.step(Value::map(), "t", "s").at("rows").as_int64() == 6);
  CHECK(error_of([&] { host.validate(Value::map({{"colums", "n"}})); }).hint() == "did you mean 'columns'?");
}
