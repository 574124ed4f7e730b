#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "lib/fake_host.h"
#include "lib/testing.h"
#include "output_csv/csv_text.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;
namespace fs = std::filesystem;

namespace {

std::string csv(const Batch& batch, const CsvStyle& style = {}) {
  std::string out;
  append_csv_header(out, column_names(*batch), style);
  append_csv_rows(out, *batch, 0, batch->num_rows(), style);
  return out;
}

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "output_csv_test.XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
};

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("texts are quoted where they must be, and a missing value differs from an empty text") {
  const Batch batch = table({{"a b", Value::list({"x", "", nullptr, "1,5", "say \"hi\"", " blank", "two\nlines"})}});
  CHECK(csv(batch) == "a b\nx\n\"\"\n\n\"1,5\"\n\"say \"\"hi\"\"\"\n\" blank\"\n\"two\nlines\"\n");
}

TEST_CASE("numbers, dates and times are written so that they read back to the same") {
  const Batch batch = table({{"i", Value::list({9223372036854775807LL, nullptr})},
                             {"x", Value::list({0.1, std::numeric_limits<double>::infinity()})},
                             {"d", Value::list({"2012-01-31", nullptr})},
                             {"t", Value::list({"2012-01-31T10:00:00.5", "2012-01-31T10:00:00"})},
                             {"z", Value::list({"2012-01-31T10:00:00Z", nullptr})},
                             {"b", Value::list({true, false})}});
  CHECK(csv(batch) ==
        "i,x,d,t,z,b\n9223372036854775807,0.1,2012-01-31,2012-01-31T10:00:00.5,2012-01-31T10:00:00Z,true\n"
        ",inf,,2012-01-31T10:00:00,,false\n");
}

TEST_CASE("the dialect is as asked for") {
  CsvStyle style;
  style.delimiter = ';';
  style.quotes = CsvStyle::Quotes::all;
  style.line_end = "\r\n";
  style.null_text = "NULL";
  const Batch batch = table({{"a", Value::list({1, nullptr})}, {"b", Value::list({"x;y", "NULL"})}});
  CHECK(csv(batch, style) == "\"a\";\"b\"\r\n\"1\";\"x;y\"\r\nNULL;\"NULL\"\r\n");
  style.quotes = CsvStyle::Quotes::needed;
  CHECK(csv(batch, style) == "a;b\r\n1;\"x;y\"\r\nNULL;\"NULL\"\r\n");
}

TEST_CASE("the plugin writes the file whole, compressed by its name, and says what it wrote") {
  const Folder folder;
  FakeHost host;
  host.context["t"] = write_table(table({{"a", Value::list({1, 2})}}));
  const std::string path = (folder.path / "deep" / "t.csv").string();
  const Value result = host.step(Value::map({{"path", path}}), "t", "w");
  CHECK(content(path) == "a\n1\n2\n");
  CHECK(result.at("outputs").at("w").at("rows").as_int64() == 2);
  CHECK(result.at("outputs").at("w").at("bytes").as_int64() == 6);
  (void)host.step(Value::map({{"path", path + ".gz"}, {"bom", true}}), "t", "w");
  CHECK(content(path + ".gz").starts_with("\x1f\x8b"));
  (void)host.step(Value::map({{"path", path + ".zst"}}), "t", "w");
  CHECK(content(path + ".zst").starts_with("\x28\xb5\x2f\xfd"));
}

TEST_CASE("a wrong configuration is named by key") {
  FakeHost host;
  const auto key = [&](std::initializer_list<std::pair<std::string_view, Value>> config) {
    return std::string(error_of([&] { (void)host.validate(Value::map(config)); }).detail("key"));
  };
  CHECK(key({}) == "path");
  CHECK(key({{"path", "x"}, {"delimiter", "ab"}}) == "delimiter");
  CHECK(key({{"path", "x"}, {"delimiter", "\""}}) == "delimiter");
  CHECK(key({{"path", "x"}, {"null", "a,b"}}) == "null");
}
