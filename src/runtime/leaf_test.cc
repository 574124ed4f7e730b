#include "mortise/leaf.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace mortise;

namespace {

// A table of one int64 column `n`, whose structs count how often they are released.
struct Exported {
  std::array<std::int64_t, 3> numbers{1, 2, 3};
  std::array<const void*, 2> buffers{nullptr, nullptr};
  std::array<const void*, 1> no_buffer{nullptr};
  ArrowSchema column_schema{}, schema{};
  ArrowArray column{}, array{};
  ArrowSchema* schemas[1]{&column_schema};
  ArrowArray* arrays[1]{&column};
  int released = 0;

  Exported() {
    buffers[1] = numbers.data();
    column_schema.format = "l";
    column_schema.name = "n";
    column_schema.release = [](ArrowSchema* self) { self->release = nullptr; };
    schema.format = "+s";
    schema.name = "";
    schema.n_children = 1;
    schema.children = schemas;
    schema.private_data = &released;
    schema.release = [](ArrowSchema* self) {
      ++*static_cast<int*>(self->private_data);
      self->release = nullptr;
    };
    column.length = 3;
    column.n_buffers = 2;
    column.buffers = buffers.data();
    column.release = [](ArrowArray* self) { self->release = nullptr; };
    array.length = 3;
    array.n_buffers = 1;
    array.buffers = no_buffer.data();
    array.n_children = 1;
    array.children = arrays;
    array.private_data = &released;
    array.release = [](ArrowArray* self) {
      ++*static_cast<int*>(self->private_data);
      self->release = nullptr;
    };
  }
};

std::string refusal(Exported& exported) {
  try {
    (void)make_table(std::move(exported.schema), std::move(exported.array));
  } catch (const Error& error) {
    CHECK((exported.schema.release != nullptr));  // nothing was taken
    CHECK((exported.array.release != nullptr));
    return error.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("a table takes over what was exported and releases it once, with the last Value") {
  Exported exported;
  Value table = make_table(std::move(exported.schema), std::move(exported.array));
  CHECK((exported.schema.release == nullptr));
  CHECK((exported.array.release == nullptr));
  CHECK(table.as_table().array.length == 3);
  Value second = table;
  table = {};
  CHECK(exported.released == 0);
  second = {};
  CHECK(exported.released == 2);
}

TEST_CASE("what is no table is refused and stays with its maker") {
  Exported one;
  one.schema.format = "l";
  CHECK(refusal(one) == "a table must be a struct array (format +s), this is l");
  Exported two;
  two.array.n_children = 2;
  CHECK(refusal(two) == "a table whose schema has 1 columns and whose data has 2");
  Exported three;
  three.array.offset = 1;
  CHECK(refusal(three) == "a table has no offset and no null rows");
}

TEST_CASE("an exported view shares the data, and keeps it while it lives") {
  Exported exported;
  ArrowSchema schema{};
  ArrowArray array{};
  {
    const Value table = make_table(std::move(exported.schema), std::move(exported.array));
    export_table(table, &schema, &array);
  }
  CHECK(exported.released == 0);
  CHECK(std::string_view(schema.children[0]->name) == "n");
  CHECK(array.children[0]->buffers[1] == exported.numbers.data());
  schema.release(&schema);
  CHECK((schema.release == nullptr));
  CHECK(exported.released == 0);
  array.release(&array);
  CHECK(exported.released == 2);
}

TEST_CASE("a column may be moved out of a view and outlive it") {
  Exported exported;
  ArrowSchema schema{};
  ArrowArray array{};
  export_table(make_table(std::move(exported.schema), std::move(exported.array)), &schema, &array);
  ArrowArray column = *array.children[0];
  array.children[0]->release = nullptr;
  schema.release(&schema);
  array.release(&array);
  CHECK(exported.released == 0);
  CHECK(static_cast<const std::int64_t*>(column.buffers[1])[2] == 3);
  column.release(&column);
  CHECK(exported.released == 2);
}

TEST_CASE("a view of a table that was only borrowed retains it all the same") {
  Exported exported;
  Value table = make_table(std::move(exported.schema), std::move(exported.array));
  ArrowSchema schema{};
  ArrowArray array{};
  export_table(Value::borrow(*table.c()), &schema, &array);
  table = {};
  CHECK(exported.released == 0);
  schema.release(&schema);
  array.release(&array);
  CHECK(exported.released == 2);
}

TEST_CASE("a tensor takes over a vector and checks that it fills the shape") {
  const Value tensor = make_tensor(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  CHECK(tensor.as_tensor().dtype == MORTISE_DTYPE_FP32);
  CHECK(tensor.as_tensor().rank == 2);
  CHECK(static_cast<const float*>(tensor.as_tensor().data)[5] == 6);
  CHECK_THROWS_WITH_AS((void)make_tensor(std::vector<float>{1, 2}, {3}), "a tensor of 3 elements from a vector of 2", Error);
}

TEST_CASE("an impossible tensor is refused") {
  const std::array<double, 2> numbers{};
  const auto* bytes = reinterpret_cast<const char*>(numbers.data());
  CHECK_THROWS_WITH_AS((void)make_tensor(99, {1}, bytes, nullptr), "there is no tensor dtype 99", Error);
  CHECK_THROWS_WITH_AS((void)make_tensor(MORTISE_DTYPE_FP64, {-1}, bytes, nullptr), "a tensor with a size of -1", Error);
  CHECK_THROWS_AS((void)make_tensor(MORTISE_DTYPE_FP64, {1}, bytes + 1, nullptr), Error);
  CHECK_THROWS_AS((void)make_tensor(MORTISE_DTYPE_FP64, std::vector<std::int64_t>(33, 1), bytes, nullptr), Error);
}
