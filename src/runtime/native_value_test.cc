#include "runtime/native_value.h"

#include <doctest/doctest.h>

#include "mortise/leaf.hpp"

using namespace mortise;
using namespace mortise::runtime;

namespace {

std::string complaint(const Value& value) {
  try {
    check_foreign(*value.c());
  } catch (const Error& error) {
    CHECK(error.code() == Code::plugin);
    return error.what();
  }
  return "fine";
}

}  // namespace

TEST_CASE("a good tree is copied whole and shares nothing with its maker") {
  Value original = Value::map({{"text", "abc"},
                               {"list", Value::list({1, 2.5, true, nullptr, Time{7}, Value::bytes(std::string_view("\0\xFF", 2))})},
                               {"empty", Value::map({{"l", Value::list()}, {"s", ""}})}});
  const Value copy = adopt(*original.c());
  CHECK(copy == original);
  CHECK(copy.at("text").as_string().data() != original.at("text").as_string().data());
  CHECK(copy.at("list").items().data() != original.at("list").items().data());
}

TEST_CASE("a leaf is retained, not copied, and lives as long as the copy") {
  auto numbers = std::make_shared<std::vector<double>>(std::vector<double>{1, 2});
  std::weak_ptr<std::vector<double>> alive = numbers;
  const double* data = numbers->data();
  Value tree = Value::list({make_tensor(MORTISE_DTYPE_FP64, {2}, data, std::move(numbers))});
  Value copy = adopt(*tree.c());
  tree = {};
  CHECK_FALSE(alive.expired());
  CHECK(copy[0].as_tensor().data == data);
  copy = {};
  CHECK(alive.expired());
}

TEST_CASE("a leaf in the call's memory holds that memory too") {
  auto memory = std::make_shared<std::vector<double>>(std::vector<double>{1, 2});
  std::weak_ptr<void> alive = memory;
  Value tree = make_tensor(MORTISE_DTYPE_FP64, {2}, memory->data(), nullptr);
  Value copy = adopt(*tree.c(), memory);
  memory.reset();
  Value second = copy;
  tree = {};
  copy = {};
  CHECK_FALSE(alive.expired());
  CHECK(static_cast<const double*>(second.as_tensor().data)[1] == 2);
  CHECK(second.as_tensor().rank == 1);
  second = {};
  CHECK(alive.expired());
}

TEST_CASE("a fault is told with its place") {
  CHECK(complaint(Value::map({{"rows", Value::list({1, Value::map({{"name", "\xC3\x28"}})})}})) ==
        "the plugin returned a value that has a string that is not UTF-8, at rows[1].name");
  Value deep = 1;
  for (int i = 0; i < 127; ++i) deep = Value::list({deep});
  CHECK(complaint(deep) == "fine");
  CHECK(complaint(Value::list({deep})).find("nests deeper than 128 levels") != std::string::npos);
}

TEST_CASE("many keys are told apart as well as few") {
  Value map = Value::map();
  for (int i = 0; i < 100; ++i) map.set("key" + std::to_string(i), i);
  CHECK(complaint(map) == "fine");
  auto* members = const_cast<mortise_member*>(map.c()->as.map.members);
  const mortise_string old = members[99].key;
  members[99].key = members[3].key;
  CHECK(complaint(map) == "the plugin returned a value that has the key 'key3' twice");
  members[99].key = old;
}

TEST_CASE("bytes that are no text are shown as such") {
  CHECK(readable("plain") == "plain");
  CHECK(readable("a\xFF" "b\xC3") == "a\xEF\xBF\xBD" "b\xEF\xBF\xBD");
  CHECK(readable("").empty());
}
