#include <arrow/io/file.h>
#include <arrow/table.h>
#include <doctest/doctest.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "lib/arrow_status.h"
#include "lib/batches.h"
#include "lib/fake_host.h"
#include "lib/testing.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "output_parquet_test.XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
};

Batch read(const std::string& path) {
  const auto file = must(arrow::io::ReadableFile::Open(path), "test");
  const auto reader = must(parquet::arrow::OpenFile(file, arrow::default_memory_pool()), "test");
  std::shared_ptr<arrow::Table> made = must(reader->ReadTable(), "test");
  return must(made->CombineChunksToBatch(), "test");
}

}  // namespace

TEST_CASE("a table is read back with the same types and values") {
  const Folder folder;
  FakeHost host;
  const Batch whole = table({{"i", Value::list({9223372036854775807LL, nullptr})},
                             {"x", Value::list({0.1, 2.0})},
                             {"d", Value::list({"2012-01-31", nullptr})},
                             {"t", Value::list({"2012-01-31T10:00:00", nullptr})},
                             {"s", Value::list({"", "007"})}});
  host.context["t"] = write_table(whole);
  for (const char* compression : {"zstd", "snappy", "gzip", "none"}) {
    const std::string path = (folder.path / compression / "t.parquet").string();
    const Value result = host.step(Value::map({{"path", path}, {"compression", compression}}), "t", "w");
    CHECK(result.at("outputs").at("w").at("rows").as_int64() == 2);
    const Batch again = read(path);
    for (const char* name : {"i", "x", "d", "s"}) {
      CHECK(type_of(again, name) == type_of(whole, name));
      CHECK(text_of(again, name) == text_of(whole, name));
    }
    CHECK(text_of(again, "t") == text_of(whole, "t"));
  }
}

TEST_CASE("many rows become several row groups, and a table file is written batch by batch") {
  const Folder folder;
  FakeHost host;
  Value values = Value::list();
  for (std::int64_t i = 0; i < 150'000; ++i) values.push_back(Value(i));
  const Batch rows = table({{"n", values}});
  auto sink = file_sink(rows->schema(), (folder.path / "t.arrow").string());
  sink->write(rows);
  host.context["t"] = sink->finish();
  const std::string path = (folder.path / "t.parquet").string();
  (void)host.step(Value::map({{"path", path}, {"row_group_rows", 50'000}}), "t", "w");
  CHECK(parquet::ParquetFileReader::OpenFile(path)->metadata()->num_row_groups() == 3);
  CHECK(read(path)->num_rows() == 150'000);
}

TEST_CASE("a wrong configuration is named by key") {
  FakeHost host;
  CHECK(error_of([&] { (void)host.validate(Value::map()); }).detail("key") == "path");
  CHECK(error_of([&] {
          (void)host.validate(Value::map({{"path", "x"}, {"compression", "lzma"}}));
        }).detail("key") == "compression");
}
