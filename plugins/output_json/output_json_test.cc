#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lib/fake_host.h"
#include "lib/testing.h"
#include "output_json/document.h"

using namespace mortise;
using namespace mortise::plugins;
using namespace mortise::plugins::testing;
namespace fs = std::filesystem;

namespace {

std::string document(const Value& value, const DocumentStyle& style = {}) {
  std::string out;
  write_document(value, style, [&](std::string_view piece) { out += piece; });
  return out;
}

Value rows() {
  return write_table(table({{"day", Value::list({"2012-01-01", nullptr})},
                            {"n", Value::list({9223372036854775807, 1})},
                            {"x", Value::list({0.1, NAN})},
                            {"t", Value::list({"a\"b", "</script>"})},
                            {"at", Value::list({Time{1'500'000'000}, nullptr})}}));
}

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "output_json_test.XXXXXX").string();
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

TEST_CASE("a table is a list of rows, one a line, with every value as it is") {
  CHECK(document(rows()) ==
        "[\n"
        R"(  {"day": "2012-01-01", "n": 9223372036854775807, "x": 0.1, "t": "a\"b", "at": "1970-01-01T00:00:01.5Z"},)"
        "\n"
        R"(  {"day": null, "n": 1, "x": null, "t": "</script>", "at": null})"
        "\n]\n");
}

TEST_CASE("a table can be an object of columns, and either can stand in one line") {
  CHECK(
      document(rows(), {TableShape::columns, 0}) ==
      R"({"day":["2012-01-01",null],"n":[9223372036854775807,1],"x":[0.1,null],"t":["a\"b","</script>"],"at":["1970-01-01T00:00:01.5Z",null]})"
      "\n");
  CHECK(document(rows(), {TableShape::records, 0}).substr(0, 40) == R"([{"day":"2012-01-01","n":922337203685477)");
}

TEST_CASE("plain values, empty containers and tables inside maps are written") {
  CHECK(
      document(Value::map({{"a", Value::list({1, 2})}, {"b", Value::list({Value::list({1})})}, {"c", Value::map()}})) ==
      "{\n  \"a\": [1, 2],\n  \"b\": [\n    [1]\n  ],\n  \"c\": {}\n}\n");
  CHECK(document(nullptr) == "null\n");
  CHECK(document(Value::list()) == "[]\n");
  const Value none = write_table(table({{"a", Value::list({1})}})->Slice(0, 0));
  CHECK(document(Value::map({{"t", none}})) == "{\n  \"t\": []\n}\n");
  CHECK(document(none, {TableShape::columns, 2}) == "{\n  \"a\": []\n}\n");
}

TEST_CASE("the plugin writes the file whole, says what it wrote, and writes the same again") {
  const Folder folder;
  FakeHost host;
  host.context["t"] = rows();
  const std::string path = (folder.path / "deep/er/out.json").string();
  const Value config = Value::map({{"path", path}});
  const Value result = host.step(config, "t", "written");
  const std::string first = content(path);
  CHECK(result.at("outputs").at("written").at("path").as_string() == path);
  CHECK(result.at("outputs").at("written").at("bytes").as_int64() == static_cast<std::int64_t>(first.size()));
  CHECK(result.at("rows").as_int64() == 2);
  host.step(config, "t", "written");
  CHECK(content(path) == first);
}

TEST_CASE("several inputs become one object under their names") {
  const Folder folder;
  FakeHost host;
  host.context["t"] = rows();
  host.context["n"] = Value(5);
  const std::string path = (folder.path / "out.json").string();
  host.step(Value::map({{"path", path}, {"indent", 0}, {"input", Value::map({{"number", "n"}, {"table", "t"}})}}), "",
            "w");
  CHECK(content(path).starts_with(R"({"number":5,"table":[{"day":)"));
}

TEST_CASE("a failing step leaves the old file, and a wrong configuration is refused by key") {
  const Folder folder;
  FakeHost host;
  host.context["t"] = rows();
  const std::string path = (folder.path / "out.json").string();
  host.step(Value::map({{"path", path}}), "t", "w");
  const std::string first = content(path);
  host.cancelled = true;
  CHECK(error_of([&] { host.step(Value::map({{"path", path}}), "t", "w"); }).code() == Code::cancelled);
  CHECK(content(path) == first);
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
  host.cancelled = false;
  CHECK(error_of([&] { host.step(Value::map({{"path", folder.path.string()}}), "t", "w"); }).code() == Code::invalid);
  CHECK(error_of([&] { host.validate(Value::map()); }).what() == std::string("path is required"));
  CHECK(error_of([&] { host.validate(Value::map({{"path", "x"}, {"input", 5}})); }).code() == Code::invalid);
  CHECK(error_of([&] { host.validate(Value::map({{"path", "x"}, {"shape", "rows"}})); }).detail("key") == "shape");
}
