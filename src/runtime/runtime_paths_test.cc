#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/runtime.h"

namespace fs = std::filesystem;
using mortise::runtime::RuntimePaths;

namespace {

struct Folder {
  std::string path = fs::temp_directory_path() / "mortise-paths-XXXXXX";
  Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Folder() { fs::remove_all(path); }

  std::string program(const std::string& name) const {
    const fs::path file = path + name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "#!/bin/sh\n";
    fs::permissions(file, fs::perms::owner_all);
    return file;
  }
};

}  // namespace

TEST_CASE("a build tree's programs find the repository's Python, however deep the build folder lies") {
  const Folder repository;
  fs::create_directories(repository.path + "/sdk/python/mortise");
  const std::string python = repository.program("/.venv/bin/python");
  for (const std::string build : {"/build/bin/", "/build/release/bin/"}) {
    const std::string launcher = repository.program(build + "mortise-launcher");
    const RuntimePaths paths = RuntimePaths::beside(repository.path + build + "mortise");
    CHECK(paths.launcher == launcher);
    CHECK(paths.worker == repository.path + build + "mortise-worker");
    CHECK(paths.python_sdk == repository.path + "/sdk/python");
    CHECK(paths.r_library == fs::path(repository.path + build).parent_path().parent_path().string() + "/r");
    if (std::getenv("MORTISE_PYTHON") == nullptr) CHECK(paths.python == python);
  }
}

TEST_CASE("an installed program finds its parts in libexec and share") {
  const Folder root;
  const std::string launcher = root.program("/libexec/mortise/mortise-launcher");
  const RuntimePaths paths = RuntimePaths::beside(root.path + "/bin/mortise");
  CHECK(paths.launcher == launcher);
  CHECK(paths.python_sdk == root.path + "/share/mortise/python");
  CHECK(paths.r_library == root.path + "/lib/mortise/r");
  if (std::getenv("MORTISE_PYTHON") == nullptr) CHECK(paths.python == "/usr/bin/python3");
}
