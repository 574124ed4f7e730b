#include "lib/batches.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "batches_test.XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
};

Batch numbers(std::int64_t from, std::int64_t count) {
  Value values = Value::list();
  for (std::int64_t i = 0; i < count; ++i) values.push_back(Value(from + i));
  return table({{"n", values}, {"t", values}});
}

}  // namespace

TEST_CASE("a table file is read back in batches of a known size, with the rows in their order") {
  const Folder folder;
  auto sink = file_sink(numbers(0, 1)->schema(), (folder.path / "deep" / "t.arrow").string());
  sink->write(numbers(0, 100'000));
  sink->write(numbers(100'000, 5));
  const Value table = sink->finish();
  CHECK(is_table_file(table));
  CHECK(table.at("row_count").as_int64() == 100'005);
  CHECK(table.at("column_count").as_int64() == 2);
  CHECK(table.at("columns").size() == 2);

  const auto source = open_batches(table, "t");
  CHECK(source->rows() == 100'005);
  std::int64_t rows = 0;
  while (const Batch batch = source->next()) {
    CHECK(batch->num_rows() <= batch_rows);
    CHECK(cell_number(*column(*batch, "n"), 0) == static_cast<double>(rows));
    rows += batch->num_rows();
  }
  CHECK(rows == 100'005);
  CHECK(read_table(table, "t")->num_rows() == 100'005);
  CHECK(column_names(*open_batches(table, "t", {"t"})->next()) == std::vector<std::string>{"t"});
}

TEST_CASE("a sink that is not finished leaves no file, and a file that is gone is named") {
  const Folder folder;
  const std::string path = (folder.path / "t.arrow").string();
  {
    const auto sink = file_sink(numbers(0, 1)->schema(), path);
    sink->write(numbers(0, 10));
    CHECK(fs::exists(path));
  }
  CHECK(!fs::exists(path));
  const Value gone = Value::map({{"table_file", path}, {"row_count", 3}});
  CHECK(error_of([&] { (void)open_batches(gone, "input"); }).code() == Code::not_found);
}

TEST_CASE("a table in memory is one batch, and an empty sink makes an empty table of its columns") {
  const auto source = open_batches(write_table(numbers(0, 70'000)), "t");
  CHECK(source->next()->num_rows() == 70'000);
  CHECK(source->next() == nullptr);
  const Batch empty = read_table(memory_sink(numbers(0, 1)->schema())->finish(), "t");
  CHECK(empty->num_rows() == 0);
  CHECK(type_of(empty, "n") == "int64");
}
