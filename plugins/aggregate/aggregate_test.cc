#include "aggregate/aggregate.h"

#include <doctest/doctest.h>

#include "aggregate/aggregator.h"
#include "lib/fake_host.h"
#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

Batch days() {
  return table({{"date", Value::list({"2012-02-01", "2012-01-02", "2013-01-03", "2012-01-04"})},
                {"rain", Value::list({4.0, 1.0, 2.5, 0.0})},
                {"weather", Value::list({"rain", "rain", "rain", "sun"})}});
}

// All columns, "name:values".
std::string made(const Value& config, const Batch& of = days()) {
  const Batch batch = aggregate(of, read_aggregate(config));
  std::string out;
  for (const std::string& name : column_names(*batch)) out += name + ":" + testing::text_of(batch, name) + " ";
  return out;
}

Error error(const Value& config) {
  return error_of([&] { (void)aggregate(days(), read_aggregate(config)); });
}

}  // namespace

TEST_CASE("groups by expressions come in order, with their aggregates under the given names") {
  CHECK(
      made(Value::map({{"group_by", Value::list({"year(date)", "month(date)"})},
                       {"aggregates",
                        Value::map({{"total", "sum(rain)"}, {"wet", "count_if(rain > 0)"}, {"days", "count()"}})}})) ==
      "year:[2012,2012,2013] month:[1,2,1] total:[1.0,4.0,2.5] wet:[1,1,1] days:[2,1,1] ");
  CHECK(made(Value::map({{"group_by", Value::map({{"start", "trunc(date, \"year\")"}})},
                         {"aggregates", "max(rain)"}})) == R"(start:["2012-01-01","2013-01-01"] max_rain:[4.0,2.5] )");
}

TEST_CASE("every way of writing the same aggregates gives the same values") {
  CHECK(made(Value::map({{"group_by", "weather"}, {"aggregates", Value::map({{"rain", "sum"}})}})) ==
        R"(weather:["rain","sun"] rain:[7.5,0.0] )");
  CHECK(made(Value::map({{"group_by", "weather"}, {"aggregates", Value::list({"sum(rain)", "count()"})}})) ==
        R"(weather:["rain","sun"] sum_rain:[7.5,0.0] count:[3,1] )");
}

TEST_CASE("without groups there is one row, even of no rows") {
  CHECK(made(Value::map({{"aggregates", Value::map({{"mean", "mean(rain)"}, {"n", "count()"}})}})) ==
        "mean:[1.875] n:[4] ");
  CHECK(made(Value::map({{"aggregates", Value::map({{"mean", "mean(rain)"}, {"n", "count()"}})}}),
             days()->Slice(0, 0)) == "mean:[null] n:[0] ");
  CHECK(made(Value::map({{"group_by", "weather"}, {"aggregates", "count()"}}), days()->Slice(0, 0)) ==
        "weather:[] count:[] ");
}

TEST_CASE("where leaves rows out before they are grouped") {
  CHECK(made(Value::map({{"group_by", "year(date)"}, {"aggregates", "count()"}, {"where", "weather == \"rain\""}})) ==
        "year:[2012,2013] count:[2,1] ");
}

TEST_CASE("mistakes name the key") {
  CHECK(error(Value::map()).detail("key") == "aggregates");
  CHECK(error(Value::map({{"aggregates", Value::map({{"x", "maen(rain)"}})}})).detail("key") == "aggregates.x");
  CHECK(error(Value::map({{"aggregates", "count()"}, {"group_by", Value::list({"weather", 5})}})).detail("key") ==
        "group_by[1]");
  CHECK(error(Value::map({{"aggregates", Value::list({"sum(rain)", "sum(rain)"})}})).detail("column") == "sum_rain");
  CHECK(error(Value::map({{"aggregates", "sum(ran)"}})).hint() == "did you mean 'rain'?");
}

TEST_CASE("the plugin aggregates what the step before made") {
  FakeHost host;
  host.context["days"] = write_table(days());
  const Value result = host.step(Value::map({{"group_by", "weather"}, {"aggregates", "count()"}}), "days", "kinds");
  CHECK(result.at("rows").as_int64() == 2);
  CHECK(error_of([&] { host.validate(Value::map({{"aggregates", "x"}})); }).code() == Code::invalid);
}

TEST_CASE("batches give what all rows at once give, however they are cut") {
  Value a = Value::list(), x = Value::list();
  for (int i = 0; i < 1'000; ++i) {
    a.push_back(Value(i * 7 % 5));
    x.push_back(i % 11 == 0 ? Value() : Value(i * 0.25));
  }
  const Batch all = table({{"a", a}, {"x", x}});
  const Value aggregates = Value::map({{"n", "count()"},
                                       {"there", "count(x)"},
                                       {"some", "count_if(x > 10)"},
                                       {"total", "sum(x)"},
                                       {"m", "mean(x)"},
                                       {"s", "std(x)"},
                                       {"low", "min(x)"},
                                       {"high", "max(x)"},
                                       {"one", "first(x)"},
                                       {"end", "last(x)"}});
  for (const bool grouped : {true, false}) {
    for (const bool median : {false, true}) {
      Value config = Value::map({{"aggregates", aggregates}, {"where", "x > 2 or x is null"}});
      if (grouped) config.set("group_by", "a");
      if (median) config["aggregates"].set("mid", "median(x)");
      const AggregateSpec spec = read_aggregate(config);
      const Batch expected = aggregate(all, spec);
      Aggregator aggregator(spec);
      for (const std::int64_t cut : {0, 1, 2, 300, 640}) {
        const std::int64_t next = cut == 0 ? 1 : cut == 1 ? 2 : cut == 2 ? 300 : cut == 300 ? 640 : 1'000;
        aggregator.add(all->Slice(cut, next - cut));
      }
      const Batch got = aggregator.finish(all->schema());
      REQUIRE(column_names(*got) == column_names(*expected));
      REQUIRE(got->num_rows() == expected->num_rows());
      for (const std::string& name : column_names(*got)) {
        for (std::int64_t row = 0; row < got->num_rows(); ++row) {
          const auto left = cell_number(*column(*got, name), row);
          const auto right = cell_number(*column(*expected, name), row);
          REQUIRE(left.has_value() == right.has_value());
          if (left) CHECK(*left == doctest::Approx(*right).epsilon(1e-12));
        }
        CHECK(type_of(got, name) == type_of(expected, name));
      }
    }
  }
  CHECK(Aggregator(read_aggregate(Value::map({{"group_by", "a"}, {"aggregates", "max(x)"}, {"where", "y > 1"}})))
            .columns() == std::vector<std::string>{"a", "x", "y"});
}
