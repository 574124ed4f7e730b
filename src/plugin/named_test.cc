#include "plugin/named.h"

#include <doctest/doctest.h>

using namespace mortise;
using namespace mortise::plugin;

namespace {

Descriptor declaring(Value config, std::string point) {
  Descriptor descriptor;
  descriptor.id = "x";
  descriptor.extension_points = {std::move(point)};
  descriptor.config = ConfigSchema::parse(config);
  return descriptor;
}

Value path_parameter() { return Value::map({{"path", Value::map({{"type", "path"}})}}); }

}  // namespace

TEST_CASE("a path of an Input is read, a path of an Output is written") {
  const Value config = Value::map({{"path", "/data/a.csv"}});
  CHECK(named_in(declaring(path_parameter(), "Input"), config).by_schema == std::vector{PathAccess{"/data/a.csv", false}});
  CHECK(named_in(declaring(path_parameter(), "Output"), config).by_schema == std::vector{PathAccess{"/data/a.csv", true}});
}

TEST_CASE("a parameter that says how its path is used is believed") {
  const auto with = [](const char* access) {
    return Value::map({{"path", Value::map({{"type", "path"}, {"access", access}})}});
  };
  const Value config = Value::map({{"path", "/data/a.csv"}});
  CHECK(named_in(declaring(with("write"), "Input"), config).by_schema.at(0).write);
  CHECK_FALSE(named_in(declaring(with("read"), "Output"), config).by_schema.at(0).write);
  CHECK_THROWS_AS((void)ConfigSchema::parse(with("both")), Error);
}

TEST_CASE("paths in lists and maps are found, relative and broken ones are not") {
  const Value declaration = Value::map(
      {{"files", Value::map({{"type", "list"}, {"items", Value::map({{"type", "path"}})}})},
       {"in", Value::map({{"type", "map"}, {"properties", Value::map({{"file", Value::map({{"type", "path"}})}})}})}});
  const Value config = Value::map({{"files", Value::list({Value("/a"), Value("relative"), Value("/a"), Value("/")})},
                                   {"in", Value::map({{"file", "/b"}})}});
  CHECK(named_in(declaring(declaration, "Input"), config).by_schema ==
        std::vector{PathAccess{"/a", false}, PathAccess{"/b", false}});
}

TEST_CASE("texts that are paths or addresses are mentioned") {
  const Value declaration =
      Value::map({{"url", Value::map({{"type", "string"}})}, {"additional", true}});
  const Value config = Value::map({{"url", "https://user:pw@API.example.org/v1?x=1"},
                                   {"other", Value::list({Value("http://127.0.0.1:9/"), Value("http://[::1]:80"), Value("/tmp/x"),
                                                          Value("http://"), Value("not one")})}});
  const Named named = named_in(declaring(declaration, "Input"), config);
  CHECK(named.hosts == std::vector<std::string>{"api.example.org:443", "127.0.0.1:9", "[::1]:80"});
  CHECK(named.mentioned == std::vector<std::string>{"/tmp/x"});
  CHECK(named.by_schema.empty());
}

TEST_CASE("a host that hides behind another one's name is the one that would be reached") {
  Descriptor undeclared;
  CHECK(named_in(undeclared, Value::map({{"u", "http://good.example.org@10.0.0.1/"}})).hosts == std::vector<std::string>{"10.0.0.1:80"});
  CHECK(named_in(undeclared, Value::map({{"u", "http://good.example.org\\@10.0.0.1/"}})).hosts ==
        std::vector<std::string>{"good.example.org:80"});
}

TEST_CASE("where no manifest says what is a path, the name of a key does") {
  Descriptor guest = declaring(Value::map({{"additional", true}}), "Output");
  guest.dialect = "mimir";
  const Value config = Value::map({{"file_path", "out/a.txt"}, {"outputPath", "b.txt"}, {"target-dir", "c"}, {"output", "d.json"},
                                   {"profile", "fast"}, {"direction", "up"}, {"output_format", "json"}, {"path", "http://x/y"}});
  CHECK(named_in(guest, config).by_schema ==
        std::vector{PathAccess{"out/a.txt", true}, PathAccess{"b.txt", true}, PathAccess{"c", true}, PathAccess{"d.json", true}});
  guest.extension_points = {"Input"};
  CHECK(named_in(guest, config).by_schema.empty());
  CHECK(named_in(guest, config).mentioned == std::vector<std::string>{"out/a.txt", "b.txt", "c", "d.json"});
  guest.dialect = "native";
  CHECK(named_in(guest, config).mentioned.empty());
}
