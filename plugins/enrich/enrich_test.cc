#include "enrich/enrich.h"

#include <doctest/doctest.h>

#include "lib/fake_host.h"
#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

namespace {

Batch orders() {
  return table({{"customer", Value::list({2, 1, nullptr, 9})},
                {"shop", Value::list({"a", "b", "a", "a"})},
                {"amount", Value::list({10, 20, 30, 40})}});
}

Batch customers() {
  return table({{"id", Value::list({1, 2, 3})},
                {"site", Value::list({"b", "a", "a"})},
                {"region", Value::list({"north", "south", "west"})}});
}

Batch run(const Value& config, const Batch& lookup = customers()) {
  Enricher enricher(read_enrich(config), lookup);
  return enricher.apply(orders(), 0);
}

Error error(const Value& config, const Batch& lookup = customers()) {
  return error_of([&] { (void)run(config, lookup); });
}

Value with(std::initializer_list<std::pair<std::string_view, Value>> more) {
  Value config = Value::map({{"with", "c"}, {"on", Value::map({{"customer", "id"}})}});
  for (const auto& [key, value] : more) config.set(key, value);
  return config;
}

}  // namespace

TEST_CASE("the wanted columns come to the rows whose key is there, and the others stay empty") {
  const Batch made = run(with({{"columns", Value::list({"region"})}}));
  CHECK(column_names(*made) == std::vector<std::string>{"customer", "shop", "amount", "region"});
  CHECK(text_of(made, "region") == R"(["south","north",null,null])");
  CHECK(text_of(made, "amount") == "[10,20,30,40]");
  CHECK(text_of(run(with({{"columns", Value::map({{"region", "area"}})}})), "area") ==
        R"(["south","north",null,null])");
  CHECK(text_of(run(with({{"prefix", "c_"}})), "c_site") == R"(["a","b",null,null])");
}

TEST_CASE("rows without a partner are dropped or fail where that is asked") {
  CHECK(text_of(run(with({{"unmatched", "drop"}})), "amount") == "[10,20]");
  const Error missing = error(with({{"unmatched", "fail"}}));
  CHECK(missing.code() == Code::not_found);
  CHECK(missing.detail("row") == "3");
}

TEST_CASE("a key of several columns matches only where all of them do") {
  const Value config = Value::map({{"with", "c"}, {"on", Value::map({{"customer", "id"}, {"shop", "site"}})}});
  CHECK(text_of(run(config), "region") == R"(["south","north",null,null])");
  const Batch crossed =
      table({{"id", Value::list({1, 2})}, {"site", Value::list({"a", "b"})}, {"region", Value::list({"x", "y"})}});
  CHECK(text_of(run(config, crossed), "region") == "[null,null,null,null]");
}

TEST_CASE("a key that the look-up table has twice fails, or is taken once, or makes two rows") {
  const Batch twice = table({{"id", Value::list({1, 2, 2})}, {"v", Value::list({"x", "y", "z"})}});
  const Error error_twice = error(with({}), twice);
  CHECK(error_twice.code() == Code::conflict);
  CHECK(std::string(error_twice.what()).find("id '2' twice, in rows 2 and 3") != std::string::npos);
  CHECK(text_of(run(with({{"duplicates", "first"}}), twice), "v") == R"(["y","x",null,null])");
  const Batch all = run(with({{"duplicates", "all"}}), twice);
  CHECK(text_of(all, "v") == R"(["y","z","x",null,null])");
  CHECK(text_of(all, "amount") == "[10,10,20,30,40]");
}

TEST_CASE("keys of different kinds are an error and not merely no match") {
  const Batch texts = table({{"id", Value::list({"1", "2"})}, {"v", Value::list({"x", "y"})}});
  CHECK(error(with({}), texts).detail("got") == "int64");
  const Batch reals = table({{"id", Value::list({1.0, 2.5})}, {"v", Value::list({"x", "y"})}});
  CHECK(text_of(run(with({}), reals), "v") == R"([null,"x",null,null])");
}

TEST_CASE("a wrong configuration and a name that is taken are named by key") {
  CHECK(error(Value::map({{"with", "c"}})).detail("key") == "on");
  CHECK(error(Value::map({{"on", "id"}})).detail("key") == "with");
  CHECK(error(Value::map({{"with", "c"}, {"path", "x"}, {"on", "id"}})).detail("key") == "with");
  CHECK(error(with({{"columns", Value::map({{"region", "amount"}})}})).code() == Code::conflict);
  CHECK(error(with({{"columns", "regoin"}})).hint() == "did you mean 'region'?");
}

TEST_CASE("the plugin joins two tables of the context") {
  FakeHost host;
  host.context["orders"] = write_table(orders());
  host.context["c"] = write_table(customers());
  const Value result = host.step(with({}), "orders", "full");
  CHECK(result.at("rows").as_int64() == 4);
  CHECK(text_of(read_table(result.at("outputs").at("full"), "x"), "region") == R"(["south","north",null,null])");
}
