#include <doctest/doctest.h>

#include <filesystem>

#include "base/error.h"
#include "environments/memory.h"
#include "environments/wanted.h"
#include "os/file.h"
#include "os/paths.h"

using namespace mortise;
using namespace mortise::environments;
using plugin::Requirement;

namespace {

struct Folder {
  Folder() : path(os::make_temporary_directory("/tmp/mortise-wanted-")) {}
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

plugin::Descriptor needs(const std::vector<Requirement>& all, const std::string& folder = {}) {
  plugin::Descriptor made;
  made.id = "mine";
  made.language = "python";
  made.folder = folder;
  made.requires_ = all;
  return made;
}

}  // namespace

TEST_CASE("a range of a manifest becomes comparisons that installers know") {
  CHECK(comparisons("") == "");
  CHECK(comparisons("*") == "");
  CHECK(comparisons(">=1.20") == ">=1.20");
  CHECK(comparisons(">= 1.20 , < 2") == ">=1.20,<2");
  CHECK(comparisons("1.2.3") == "==1.2.3");
  CHECK(comparisons("=1.2") == "==1.2");
  CHECK(comparisons("^1.2.3") == ">=1.2.3,<2");
  CHECK(comparisons("^0.4.1") == ">=0.4.1,<0.5");
  CHECK(comparisons("~1.2.3") == ">=1.2.3,<1.3");
  CHECK(comparisons("~1") == ">=1,<2");
  CHECK(comparisons("~=1.4") == "~=1.4");
  CHECK(comparisons("!=1.5") == "!=1.5");
}

TEST_CASE("packages of the manifest and of requirements.txt are wanted together, plugins are not") {
  const Folder folder;
  os::write_file(os::join(folder.path, "requirements.txt"),
                 "# comment\nalpha >= 1  # why\n\nbeta[extra]~=2.0; python_version < \"4\"\r\nnumpy\n");
  const auto plugin = needs({{Requirement::Type::package, "numpy", ""},
                             {Requirement::Type::package, "gamma", "^1.2"},
                             {Requirement::Type::plugin, "other", "^1.0"},
                             {Requirement::Type::system, "libfoo", ""}},
                            folder.path);
  CHECK(wanted_packages(plugin) ==
        std::vector<std::string>{"alpha >= 1", "beta[extra]~=2.0; python_version < \"4\"", "gamma>=1.2,<2", "numpy"});
}

TEST_CASE("what would have a say in where code comes from is no requirement") {
  const Folder folder;
  for (const char* line : {"-r other.txt", "--index-url http://evil", "-e .", "alpha @ http://evil/a.whl", "./alpha.whl", "http://evil/a.whl",
                           "alpha beta", "alpha --hash=sha256:0", "alpha`x`", "alpha$(x)", "git+https://evil"}) {
    CAPTURE(line);
    os::write_file(os::join(folder.path, "requirements.txt"), std::string(line) + "\n");
    CHECK_THROWS_AS((void)wanted_packages(needs({}, folder.path)), Error);
  }
  CHECK_THROWS_AS((void)wanted_packages(needs({{Requirement::Type::package, "--target=/", ""}})), Error);
  CHECK_THROWS_AS((void)wanted_packages(needs({{Requirement::Type::package, "alpha", "1; rm"}, {Requirement::Type::package, "a/b", ""}})), Error);
}

TEST_CASE("an answer is remembered across starts until a folder changes in which packages are looked for") {
  const Folder folder;
  const std::string file = os::join(folder.path, "requests.json"), watched = os::join(folder.path, "wheels");
  os::make_directories(watched);
  Memory(file).put("request", "key", {watched, os::join(folder.path, "missing")});
  CHECK(Memory(file).find("request") == "key");
  CHECK_FALSE(Memory(file).find("other"));
  os::write_file(os::join(watched, "a.whl"), "");
  CHECK_FALSE(Memory(file).find("request"));
  os::write_file(file, "{\"request\": 5");
  CHECK_FALSE(Memory(file).find("request"));
}
