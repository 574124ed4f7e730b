#include "runtime/go_program.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "os/file.h"
#include "runtime/go_build.h"
#include "runtime/go_sources.h"

using namespace mortise;
using namespace mortise::runtime;
namespace fs = std::filesystem;

namespace {

// A package, an SDK, a place for builds, and a `go` that is a script: it writes a program whose text is a count of builds.
struct Surroundings {
  Surroundings() {
    fs::create_directories(path + "/plugin");
    fs::create_directories(path + "/sdk");
    write("plugin/main.go", "package main\n");
    write("sdk/go.mod", "module mortise\n");
    write("go", "#!/bin/sh\necho built >> " + path + "/count\nwhile [ $# -gt 0 ]; do [ \"$1\" = -o ] && out=$2; shift; done\ncp /bin/true \"$out\"\n");
    fs::permissions(path + "/go", fs::perms::owner_all);
    paths.go = path + "/go";
    paths.go_sdk = path + "/sdk";
    paths.go_builds = path + "/builds";
    plugin.id = "shout";
    plugin.language = "go";
    plugin.folder = path + "/plugin";
    plugin.entry = "main.go";
  }
  ~Surroundings() { fs::remove_all(path); }

  void write(const std::string& name, const std::string& text) const { std::ofstream(path + "/" + name) << text; }
  [[nodiscard]] int builds() const {
    std::ifstream file(path + "/count");
    return static_cast<int>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
  }

  const std::string path = os::make_temporary_directory("/tmp/mortise-go-test-");
  RuntimePaths paths;
  plugin::Descriptor plugin;
};

}  // namespace

TEST_CASE("an unchanged plugin in Go is built once, a changed one again") {
  Surroundings around;
  CHECK_FALSE(go_program_is_ready(around.plugin, around.paths));
  const std::string first = go_program(around.plugin, around.paths);
  CHECK(fs::is_regular_file(first));
  CHECK(go_program_is_ready(around.plugin, around.paths));
  CHECK(go_program(around.plugin, around.paths) == first);
  CHECK(around.builds() == 1);
  around.write("plugin/more.go", "package main\n");
  const std::string second = go_program(around.plugin, around.paths);
  CHECK(second != first);
  around.write("sdk/values.go", "package mortise\n");
  CHECK(go_program(around.plugin, around.paths) != second);
  CHECK(around.builds() == 3);
  CHECK_FALSE(fs::exists(first));  // of the old ones, one is kept
  CHECK(fs::exists(second));
}

TEST_CASE("what was built runs where there is no toolchain, and what was not says what to install") {
  Surroundings around;
  const std::string built = go_program(around.plugin, around.paths);
  around.paths.go.clear();
  CHECK(go_program(around.plugin, around.paths) == built);
  around.write("plugin/main.go", "package main // changed\n");
  try {
    (void)go_program(around.plugin, around.paths);
    FAIL("built without a toolchain");
  } catch (const Error& error) {
    CHECK(error.code() == Code::not_found);
    CHECK(std::string(error.hint()).find("install golang-go") != std::string::npos);
    CHECK(std::string(error.hint()).find("ship a built program") != std::string::npos);
  }
}

TEST_CASE("a program that was built elsewhere needs no toolchain, but must be executable") {
  Surroundings around;
  around.paths.go.clear();
  around.plugin.entry = "program";
  around.write("plugin/program", "");
  CHECK_THROWS_WITH_AS((void)go_program(around.plugin, around.paths), doctest::Contains("cannot be run"), Error);
  fs::permissions(around.path + "/plugin/program", fs::perms::owner_all);
  CHECK(go_program(around.plugin, around.paths) == around.path + "/plugin/program");
}

TEST_CASE("the copy that is built finds the SDK in its folder, whatever go.mod said") {
  Surroundings around;
  around.write("plugin/go.mod",
               "module example.com/shout\n\ngo 1.21\n\nrequire (\n\tmortise v0.1.0\n\texample.com/other v1.2.3\n)\n\n"
               "replace mortise => ../../sdk\n\nreplace (\n\tmortise => ../x\n\texample.com/other => ./other\n)\n");
  copy_go_sources(around.plugin, around.paths, around.path + "/copy");
  const std::string text = os::read_file(around.path + "/copy/go.mod", 4096);
  CHECK(text.find("../") == std::string::npos);
  CHECK(text.find("example.com/other => ./other") != std::string::npos);
  CHECK(text.find("require mortise") == std::string::npos);
  CHECK(text.ends_with("replace mortise => " + around.path + "/sdk\n"));
}

TEST_CASE("a package beyond its bounds is refused before it is read") {
  Surroundings around;
  fs::resize_file(around.path + "/plugin/main.go", (std::uintmax_t{64} << 20U) + 1);
  CHECK_THROWS_WITH_AS((void)go_hash(around.plugin, around.paths), doctest::Contains("64 MiB"), Error);
}

TEST_CASE("links are not followed out of a package") {
  Surroundings around;
  fs::create_symlink("/etc/passwd", around.path + "/plugin/passwd.go");
  copy_go_sources(around.plugin, around.paths, around.path + "/copy");
  CHECK_FALSE(fs::exists(around.path + "/copy/passwd.go"));
}

TEST_CASE("the compiler's first complaint is found with its place") {
  const GoComplaint one = first_complaint("# mortise.invalid/plugin\n./main.go:12:3: undefined: x\n./other.go:4:1: syntax error\n");
  CHECK(one.file == "main.go");
  CHECK(one.line == 12);
  CHECK(one.text == "undefined: x");
  CHECK(one.more == 1);
  CHECK(first_complaint("main.go:3:8: package nowhere is not in GOROOT (/usr/lib/go)").line == 3);
  CHECK(first_complaint("go: cannot find main module").line == 0);
  CHECK(first_complaint("").line == 0);
}
