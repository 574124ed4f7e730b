#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>

#include "base/error.h"
#include "environments/installed.h"
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
                           "alpha beta", "alpha --hash=sha256:0", "alpha`x`", "alpha$(x)", "git+https://evil", "alpha[x", "alpha[../x]", "alpha[-e]x"}) {
    CAPTURE(line);
    os::write_file(os::join(folder.path, "requirements.txt"), std::string(line) + "\n");
    CHECK_THROWS_AS((void)wanted_packages(needs({}, folder.path)), Error);
  }
  CHECK_THROWS_AS((void)wanted_packages(needs({{Requirement::Type::package, "--target=/", ""}})), Error);
  CHECK_THROWS_AS((void)wanted_packages(needs({{Requirement::Type::package, "alpha", "1; rm"}, {Requirement::Type::package, "a/b", ""}})), Error);
  CHECK_THROWS_AS((void)wanted_packages(needs({{Requirement::Type::package, "alpha[\nfolder\t/tmp\n]", ""}})), Error);
  CHECK_THROWS_AS((void)wanted_packages(needs({{Requirement::Type::package, "alpha\tbeta", ""}})), Error);
}

TEST_CASE("an answer is remembered across starts until a folder changes in which packages are looked for") {
  const Folder folder;
  const std::string file = os::join(folder.path, "requests.json"), watched = os::join(folder.path, "wheels");
  os::make_directories(watched);
  const auto later = std::chrono::system_clock::now() + std::chrono::seconds(1);
  Memory(file).put("request", "key", {watched, os::join(folder.path, "missing")}, later);
  CHECK(Memory(file).find("request") == "key");
  CHECK_FALSE(Memory(file).find("other"));
  os::write_file(os::join(watched, "a.whl"), "");
  CHECK_FALSE(Memory(file).find("request"));
  os::write_file(file, "{\"request\": 5");
  CHECK_FALSE(Memory(file).find("request"));
}

TEST_CASE("a folder that changes while packages are looked for is looked through again") {
  const Folder folder;
  const std::string file = os::join(folder.path, "requests.json"), watched = os::join(folder.path, "wheels");
  os::make_directories(watched);
  Memory(file).put("request", "key", {watched}, std::chrono::system_clock::now() - std::chrono::seconds(1));
  CHECK_FALSE(Memory(file).find("request"));
}

TEST_CASE("what an installer left is opened to readers, and nothing strange is") {
  const Folder folder;
  const std::string packages = os::join(folder.path, "packages"), inside = os::join(packages, "alpha");
  os::make_directories(inside);
  os::write_file(os::join(inside, "code.py"), "1234", 0600);
  os::write_file(os::join(inside, "program"), "56", 06700);
  std::filesystem::create_symlink("code.py", os::join(inside, "link.py"));
  CHECK(open_to_readers(packages) == 6);
  const auto mode = [&](const char* name) { return static_cast<int>(std::filesystem::status(os::join(inside, name)).permissions()); };
  CHECK(mode("code.py") == 0644);
  CHECK(mode("program") == 0755);

  os::write_file(os::join(folder.path, "outside"), "", 0600);
  std::filesystem::create_symlink("../../outside", os::join(inside, "out"));
  CHECK_THROWS_WITH_AS((void)open_to_readers(packages), doctest::Contains("leads out of the environment"), Error);
  std::filesystem::remove(os::join(inside, "out"));
  REQUIRE(::mkfifo(os::join(inside, "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS((void)open_to_readers(packages), doctest::Contains("neither a file nor a folder"), Error);
  std::filesystem::create_directory_symlink("/etc", os::join(folder.path, "etc"));
  CHECK_THROWS_WITH_AS((void)open_to_readers(os::join(folder.path, "etc")), doctest::Contains("where a folder was"), Error);
}
