#include "lib/cells.h"

#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/util/decimal.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

TEST_CASE("every number is written with all its digits") {
  arrow::UInt64Builder wide;
  REQUIRE(wide.AppendValues({0, std::numeric_limits<std::uint64_t>::max()}).ok());
  CHECK(text_of(**wide.Finish()) == "[0,18446744073709551615]");
  arrow::FloatBuilder narrow;
  REQUIRE(narrow.AppendValues({0.1F, -0.0F, NAN, INFINITY}).ok());
  CHECK(text_of(**narrow.Finish()) == "[0.1,-0.0,null,null]");
  arrow::Decimal128Builder decimal(arrow::decimal128(20, 3));
  REQUIRE(decimal.Append(arrow::Decimal128("12345678901234567.890")).ok());
  CHECK(text_of(**decimal.Finish()) == "[12345678901234567.890]");
}

TEST_CASE("times are written in every unit, before and after 1970") {
  for (const auto unit :
       {arrow::TimeUnit::SECOND, arrow::TimeUnit::MILLI, arrow::TimeUnit::MICRO, arrow::TimeUnit::NANO}) {
    arrow::TimestampBuilder builder(arrow::timestamp(unit), arrow::default_memory_pool());
    REQUIRE(builder.AppendValues({-1, 0}).ok());
    const auto array = *builder.Finish();
    CHECK(cell_text(*array, 1) == "1970-01-01T00:00:00Z");
    CHECK(cell_text(*array, 0).substr(0, 19) == "1969-12-31T23:59:59");
    CHECK(cell_number(*array, 1) == 0);
  }
  arrow::Time32Builder clock(arrow::time32(arrow::TimeUnit::MILLI), arrow::default_memory_pool());
  REQUIRE(clock.Append(3'600'500).ok());
  CHECK(text_of(**clock.Finish()) == R"(["01:00:00.5"])");
}

TEST_CASE("a cell for a person has no quotes, and null is empty") {
  const Batch batch = table({{"a", Value::list({"x\"y", nullptr})}, {"d", Value::list({"2012-02-29", nullptr})}});
  CHECK(cell_text(*batch->column(0), 0) == "x\"y");
  CHECK(cell_text(*batch->column(0), 1).empty());
  CHECK(cell_text(*batch->column(1), 0) == "2012-02-29");
  CHECK(cell_number(*batch->column(1), 0) == 15399 * 86'400'000.0);
  CHECK_FALSE(cell_number(*batch->column(0), 0));
  CHECK(is_time_column(*batch->column(1)));
}

TEST_CASE("a slice of a column is read from its own beginning") {
  const Batch batch = table({{"p", Value::list({Value::map({{"x", 1}}), Value::map({{"x", 2}})})}})->Slice(1);
  CHECK(text_of(batch, "p") == R"([{"x":2}])");
}
