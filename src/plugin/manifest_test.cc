#include "plugin/manifest.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace mortise;
using namespace mortise::plugin;

namespace fs = std::filesystem;

namespace {

// A folder of its own, gone at the end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("mortise_manifest_" + std::to_string(counter++) + "_" + std::to_string(::getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }
  static inline int counter = 0;
};

// A manifest with every key of the guide's.
const std::string full = R"({
  "name": "tide_table", "author": "Ada", "author_email": "ada@example.com", "version": "2.4.0",
  "description": "Heights of the water", "category": "preprocessing", "tags": ["sea"],
  "language": "python", "entry_point": "table.py", "extension_points": ["preprocessing", "analysis"],
  "permissions": ["read_data", "write_data"], "dependencies": ["numpy", "pandas"],
  "min_platform_version": "1.0.0",
  "config": {"place": {"type": "string", "description": "Where", "default": "Husum"}}
})";

// The smallest one, with some keys replaced or added: each `change` is a line such as  "version": "1.0".
std::string manifest(const std::string& changes = "", const std::string& without = "") {
  std::string text = "{\n";
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{{"name", "\"tiny\""},
                                                                                   {"version", "\"1.2.3\""},
                                                                                   {"author", "\"Ada\""},
                                                                                   {"description", "\"Small\""},
                                                                                   {"language", "\"c++\""},
                                                                                   {"entry_point", "\"libtiny.so\""}}) {
    const std::string quoted = "\"" + key + "\":";
    if (key == without || changes.find(quoted) != std::string::npos) continue;
    text += "  " + quoted + " " + value + ",\n";
  }
  return text + (changes.empty() ? "  \"category\": \"\"" : "  " + changes) + "\n}\n";
}

Error refusal(const std::string& text) {
  try {
    (void)parse_manifest(text);
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::internal, "accepted");
}

std::string why(const std::string& text) { return refusal(text).what(); }

}  // namespace

TEST_CASE("a manifest with every key of the guide's is read") {
  const Descriptor plugin = parse_manifest(full);
  CHECK(plugin.id == "tide_table");
  CHECK(plugin.version == Version::parse("2.4.0"));
  CHECK(plugin.author_email == "ada@example.com");
  CHECK(plugin.extension_points == std::vector<std::string>{"preprocessing", "analysis"});
  REQUIRE(plugin.requires_.size() == 2);
  CHECK(plugin.requires_[0].name == "numpy");
  CHECK(plugin.requires_[0].type == Requirement::Type::package);
  CHECK(plugin.config.apply({}, "config").at("place").as_string() == "Husum");
  CHECK(plugin.trust == Trust::confined);
}

TEST_CASE("a missing field is named as the guide names it") {
  for (const std::string field : {"name", "version", "author", "description", "language", "entry_point"}) {
    CHECK(why(manifest("", field)) == "Missing required field: " + field);
  }
  CHECK(why("{}") == "Missing required field: name");
}

TEST_CASE("version, language and JSON are refused in the guide's words, with the line") {
  CHECK(why(manifest(R"("version": "1.0")")) == "Invalid version format: 1.0");
  CHECK(why(manifest(R"("version": "v1.0.0")")) == "Invalid version format: v1.0.0");
  CHECK(why(manifest(R"("language": "java")")) == "Invalid language: java");
  CHECK(refusal(manifest(R"("language": "java")")).detail("line") == "7");
  CHECK(refusal(manifest(R"("language": "pyton")")).hint() == "did you mean 'python'?");
  const Error broken = refusal("{\n  \"name\": \"x\",\n}");
  CHECK(std::string(broken.what()).starts_with("Invalid JSON: "));
  CHECK(broken.detail("line") == "3");
  CHECK(refusal("[]").code() == Code::invalid);
}

TEST_CASE("versions with pre-release and build are versions") {
  CHECK(parse_manifest(manifest(R"("version": "1.0.0-rc.1+linux.7")")).version_text == "1.0.0-rc.1+linux.7");
}

TEST_CASE("the languages of later days are known words; the runtime says what it can run") {
  CHECK(parse_manifest(manifest(R"("language": "r", "entry_point": "x.R")")).language == "r");
  CHECK(parse_manifest(manifest(R"("language": "go", "entry_point": "x.so")")).language == "go");
  CHECK(parse_manifest(manifest(R"("language": "cpp")")).language == "c++");
}

TEST_CASE("a field of the wrong type names its key, what was expected and what was there") {
  const Error error = refusal(manifest(R"("tags": "custom")"));
  CHECK(error.detail("key") == "tags");
  CHECK(error.detail("line") == "8");
  CHECK(why(manifest(R"("name": 5)")).find("name: expected a string") == 0);
  CHECK(why(manifest(R"("author": "")")) == "author: must not be empty");
}

TEST_CASE("an extension point, a permission or a parameter type that nobody knows is refused") {
  const Error point = refusal(manifest("\"extension_points\": [\n\"anlysis\"]"));
  CHECK(std::string(point.what()) == "Unknown extension point: anlysis");
  CHECK(point.hint() == "did you mean 'analysis'?");
  CHECK(point.detail("line") == "9");
  CHECK(why(manifest(R"("permissions": ["netwrok"])")) == "Unknown permission: netwrok");
  const Error type = refusal(manifest("\"config\": {\n\"p\": {\n\"type\": \"strng\"}}"));
  CHECK(std::string(type.what()) == "config.p.type: expected a type, got \"strng\"");
  CHECK(type.detail("line") == "10");
}

TEST_CASE("a nearly right key is a mistake, a foreign one is let through") {
  CHECK(refusal(manifest(R"("extention_points": [])")).hint() == "did you mean 'extension_points'?");
  CHECK(parse_manifest(manifest(R"("x-vendor": {"a": 1})")).id == "tiny");
}

TEST_CASE("a plain name that takes part in pipelines is found by type and name as well") {
  CHECK(parse_manifest(manifest(R"("name": "normaliser", "extension_points": ["preprocessing", "Data_Processing"])")).aliases ==
        std::vector<std::string>{"Data_Processing.normaliser"});
  CHECK(parse_manifest(manifest(R"("name": "Input.file", "extension_points": ["Input"])")).aliases.empty());
  CHECK(parse_manifest(manifest(R"("name": "Input.file")")).extension_points == std::vector<std::string>{"Input"});
}

TEST_CASE("names that would be trouble as a file, a route or an alias are refused") {
  for (const char* name : {"", ".x", "x.", "a.b.c", "../x", "a b", "1x", "a/b", "caf\xC3\xA9"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(check_plugin_name(name), Error);
  }
  CHECK_THROWS_AS(check_plugin_name(std::string(129, 'a')), Error);
  check_plugin_name("Data_Processing.sap-erp2");
}

TEST_CASE("dependencies come as names, names with a version, and maps") {
  const auto plugin = parse_manifest(manifest(
      R"("dependencies": ["numpy>=1.20", "pandas", {"name" : "base", "version" : "^1.0", "type": "plugin"}],
         "requires": ["store ^2.1", {"name" : "tokens", "type": "capability"}])"));
  REQUIRE(plugin.requires_.size() == 5);
  CHECK(plugin.requires_[0].name == "numpy");
  CHECK(plugin.requires_[0].range == ">=1.20");
  CHECK(plugin.requires_[2].type == Requirement::Type::plugin);
  CHECK(plugin.requires_[3].name == "store");
  CHECK(plugin.requires_[3].range == "^2.1");
  CHECK(plugin.requires_[4].type == Requirement::Type::capability);
  CHECK(refusal(manifest(R"("requires": ["store ^abc"])")).detail("key") == "requires[0]");
  CHECK(why(manifest(R"("dependencies": [5])")).find("dependencies[0]: expected a name") == 0);
}

TEST_CASE("how it runs is read with units and bounds") {
  const auto plugin = parse_manifest(manifest(
      R"("timeout": "1.5s", "concurrency": 8, "max_instances": 2, "lifetime": "per_call", "on_failure": "backoff",
         "limits": {"memory": "512 MiB", "processes": 4}, "environment": ["HOME"])"));
  CHECK(plugin.deadline == std::chrono::milliseconds(1500));
  CHECK(plugin.concurrency == 8);
  CHECK(plugin.lifetime == Lifetime::per_call);
  CHECK(plugin.on_failure == FailurePolicy::backoff);
  CHECK(plugin.limits.memory_bytes == 512u << 20);
  CHECK(plugin.limits.processes == 4);
  CHECK(refusal(manifest(R"("timeout": 0)")).detail("key") == "timeout");
  CHECK(refusal(manifest(R"("concurrency": 0)")).detail("key") == "concurrency");
  CHECK(refusal(manifest(R"("on_failure": "ignore")")).detail("key") == "on_failure");
  CHECK(refusal(manifest(R"("limits": {"memroy": 1})")).hint().find("memory") != std::string::npos);
}

TEST_CASE("a plugin for a newer platform is refused with both versions") {
  CHECK(why(manifest(R"("min_platform_version": "99.0.0")")) == "needs platform version 99.0.0 or newer, this one is 1.0.0");
  CHECK(parse_manifest(manifest(R"("min_platform_version": "1.0.0")")).id == "tiny");
}

TEST_CASE("an entry point outside of the package is refused before any file is looked at") {
  CHECK(why(manifest(R"("entry_point": "../libx.so")")).find("entry_point: expected a path inside the package") == 0);
  CHECK(why(manifest(R"("entry_point": "/lib/libx.so")")).find("entry_point: expected a path inside the package") == 0);
  CHECK(why(manifest(R"("entry_point": "main.py")")).find("entry_point: expected a shared object (lib*.so)") == 0);
  CHECK(why(manifest(R"("language": "python")")).find("entry_point: expected a Python file (*.py)") == 0);
  CHECK(why(manifest(R"("language": "r")")).find("entry_point: expected an R file (*.R)") == 0);
}

TEST_CASE("a package on disk needs its manifest and its entry point") {
  Folder folder;
  try {
    (void)read_manifest(folder.path);
    FAIL("read");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "manifest.json not found in package");
    CHECK(error.code() == Code::not_found);
  }
  folder.write("manifest.json", manifest());
  CHECK_THROWS_WITH_AS((void)read_manifest(folder.path), "entry_point: libtiny.so is not in the package", Error);
  folder.write("libtiny.so", "");
  CHECK(read_manifest(folder.path).folder == fs::canonical(folder.path));
}

TEST_CASE("an entry point or a manifest that is a link out of the package is refused") {
  Folder folder;
  folder.write("manifest.json", manifest());
  Folder other;
  other.write("libtiny.so", "");
  fs::create_symlink(other.path / "libtiny.so", folder.path / "libtiny.so");
  CHECK_THROWS_WITH_AS((void)read_manifest(folder.path), "entry_point: libtiny.so leads out of the package", Error);
  fs::rename(folder.path / "manifest.json", other.path / "manifest.json");
  fs::create_symlink(other.path / "manifest.json", folder.path / "manifest.json");
  CHECK_THROWS_WITH_AS((void)read_manifest(folder.path), "manifest.json not found in package", Error);
}

TEST_CASE("a link within the package may be the entry point, a folder may not") {
  Folder folder;
  folder.write("manifest.json", manifest());
  folder.write("libreal.so", "");
  fs::create_symlink("libreal.so", folder.path / "libtiny.so");
  CHECK(read_manifest(folder.path).entry == "libtiny.so");
  fs::remove(folder.path / "libtiny.so");
  fs::create_directory(folder.path / "libtiny.so");
  CHECK_THROWS_WITH_AS((void)read_manifest(folder.path), "entry_point: libtiny.so is no regular file", Error);
}
