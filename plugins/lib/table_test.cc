#include "lib/table.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <doctest/doctest.h>

#include <thread>

#include "lib/testing.h"
#include "mortise/leaf.hpp"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;

TEST_CASE("a table goes into a value and comes back without a copy of its data") {
  const Batch batch = table({{"x", Value::list({1, 2, nullptr})}, {"name", Value::list({"a", "bc", ""})}});
  const void* data = batch->column(0)->data()->buffers[1]->data();
  const Value value = write_table(batch);
  CHECK(value.as_table().array.length == 3);
  const Batch back = read_table(value, "input");
  CHECK(back->column(0)->data()->buffers[1]->data() == data);
  CHECK(back->Equals(*batch));
}

TEST_CASE("a batch outlives the value that it was read from, on any thread") {
  Batch back;
  {
    Value value = write_table(table({{"x", Value::list({1.5, 2.5})}}));
    std::thread([&] { back = read_table(value, "input"); }).join();
    value = Value();
  }
  CHECK(text_of(back, "x") == "[1.5,2.5]");
}

TEST_CASE("dictionaries, lists and structs cross as they are") {
  arrow::StringDictionaryBuilder words;
  for (const char* word : {"rain", "sun", "rain"}) REQUIRE(words.Append(word).ok());
  const Batch batch =
      make_batch({{"weather", *words.Finish()},
                  {"nested", table({{"n", Value::list({Value::list({1}), Value::list(), nullptr})}})->column(0)}},
                 3);
  const Batch back = read_table(write_table(batch), "input");
  CHECK(back->Equals(*batch));
  CHECK(text_of(back, "weather") == R"(["rain","sun","rain"])");
  CHECK(text_of(back, "nested") == "[[1],[],null]");
}

TEST_CASE("an unknown column comes with the one that was meant, and a doubled one is a conflict") {
  const Batch batch = table({{"temp_max", Value::list({1})}, {"wind", Value::list({1})}});
  const Error error = error_of([&] { (void)column_index(*batch, "temp_mx"); });
  CHECK(error.code() == Code::not_found);
  CHECK(error.hint() == "did you mean 'temp_max'?");
  const Batch doubled = make_batch({{"a", batch->column(0)}, {"a", batch->column(1)}}, 1);
  CHECK(error_of([&] { (void)column_index(*doubled, "a"); }).code() == Code::conflict);
}
