#include "lib/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

Batch sales() {
  return table({{"region", Value::list({"b", "a", "b", nullptr, "a"})},
                {"amount", Value::list({1.5, 2.5, nullptr, NAN, 4.5})},
                {"count", Value::list({1, 2, 3, 4, 5})},
                {"day", Value::list({"2012-01-03", "2012-01-02", "2012-01-01", "2012-01-05", "2012-01-04"})}});
}

std::string of(const std::string& text, bool grouped = true) {
  const Batch batch = sales();
  const Groups groups =
      grouped ? Groups::by({column(*batch, "region")}, batch->num_rows()) : Groups::all(batch->num_rows());
  return text_of(*aggregate(parse_aggregate(text, "test"), *batch, groups));
}

}  // namespace

TEST_CASE("groups come in the order of their keys, with nulls last") {
  const Batch batch = sales();
  const Groups groups = Groups::by({column(*batch, "region")}, batch->num_rows());
  CHECK(groups.count == 3);
  CHECK(groups.of_row == std::vector<std::uint32_t>{1, 0, 1, 2, 0});
  CHECK(groups.first_row == std::vector<std::int64_t>{1, 0, 3});
  const Groups two = Groups::by({column(*batch, "region"), column(*batch, "count")}, batch->num_rows());
  CHECK(two.count == 5);
  CHECK(two.first_row == std::vector<std::int64_t>{1, 4, 0, 2, 3});
  CHECK(Groups::by({sales()->Slice(0, 0)->column(0)}, 0).count == 0);
}

TEST_CASE("aggregates of groups leave out what is missing") {
  CHECK(of("count()") == "[2,2,1]");
  CHECK(of("count(amount)") == "[2,1,0]");
  CHECK(of("count_if(amount > 2)") == "[2,0,0]");
  CHECK(of("sum(amount)") == "[7.0,1.5,null]");
  CHECK(of("sum(count)") == "[7,4,4]");
  CHECK(of("mean(amount)") == "[3.5,1.5,null]");
  CHECK(of("avg(count > 2)") == "[0.5,0.5,1.0]");
  CHECK(of("median(count)") == "[3.5,2.0,4.0]");
  CHECK(of("min(day)") == R"(["2012-01-02","2012-01-01","2012-01-05"])");
  CHECK(of("max(amount)") == "[4.5,1.5,null]");
  CHECK(of("first(count)") == "[2,1,4]");
  CHECK(of("last(count)") == "[5,3,4]");
  CHECK(of("distinct(region)", false) == "[2]");
  CHECK(of("distinct(amount)") == "[2,1,0]");
  CHECK(of("std(count)", false) == "[" + json_text(std::sqrt(2.5)) + "]");
  CHECK(of("std(amount)") == "[" + json_text(std::sqrt(2.0)) + ",null,null]");
}

TEST_CASE("sums of floats do not depend on luck, and sums of integers are exact or refused") {
  Value floats = Value::list({1.0});
  for (int i = 0; i < 1000; ++i) floats.push_back(1e-16);
  floats.push_back(-1.0);
  const Batch small = table({{"x", floats}});
  const double sum =
      *cell_number(*aggregate(parse_aggregate("sum(x)", "t"), *small, Groups::all(small->num_rows())), 0);
  CHECK(sum == doctest::Approx(1e-13).epsilon(1e-9));
  const Batch large = table({{"x", Value::list({std::numeric_limits<std::int64_t>::max(), 1})}});
  const Error error = error_of([&] { (void)aggregate(parse_aggregate("sum(x)", "total"), *large, Groups::all(2)); });
  CHECK(std::string(error.what()) == "total: the sum is beyond int64");
}

TEST_CASE("the standard deviation does not cancel far from zero") {
  const Batch batch = table({{"x", Value::list({1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16})}});
  const double deviation = *cell_number(*aggregate(parse_aggregate("std(x)", "t"), *batch, Groups::all(4)), 0);
  CHECK(deviation == doctest::Approx(std::sqrt(30.0)).epsilon(1e-12));
}

TEST_CASE("the row of an extreme is the first of them") {
  const Batch batch = table({{"x", Value::list({nullptr, 3.0, 7.0, 7.0, NAN, 1.0})},
                             {"none", Value::list({nullptr, nullptr, nullptr, nullptr, nullptr, nullptr})}});
  CHECK(row_of_extreme(Aggregate::max, batch->column(0)) == 2);
  CHECK(row_of_extreme(Aggregate::min, batch->column(0)) == 5);
  CHECK(row_of_extreme(Aggregate::max, batch->column(1)) == -1);
}

TEST_CASE("what is no aggregate is refused with what was meant") {
  CHECK(error_of([] { (void)parse_aggregate("maen(x)", "t"); }).hint() == "did you mean 'mean'?");
  CHECK(error_of([] { (void)parse_aggregate("x + 1", "t"); }).detail("got") == "x + 1");
  CHECK(error_of([] { (void)parse_aggregate("mean()", "t"); }).code() == Code::invalid);
  CHECK(error_of([] { (void)of("mean(region)"); }).detail("expected") == "numbers");
  CHECK(error_of([] { (void)of("count_if(amount)"); }).detail("expected") == "a condition");
}
