#include "lib/atomic_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "mortise/error.hpp"

using namespace mortise;
using namespace mortise::plugins;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "atomic_file_test.XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path); }
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
};

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a file appears whole, in a folder that is made for it") {
  const Folder folder;
  AtomicFile file((folder.path / "a/b/out.json").string());
  const std::string large(700'000, 'x');
  file.write("head ");
  file.write(large);
  CHECK_FALSE(fs::exists(folder.path / "a/b/out.json"));
  file.commit();
  CHECK(content(folder.path / "a/b/out.json") == "head " + large);
  CHECK(file.size() == 700'005);
}

TEST_CASE("a file that is given up leaves the old one and no rubbish") {
  const Folder folder;
  const fs::path path = folder.path / "out";
  std::ofstream(path) << "old";
  {
    AtomicFile file(path.string());
    file.write("new");
  }
  CHECK(content(path) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("the new file is as open to others as the one that it replaces") {
  const Folder folder;
  const fs::path path = folder.path / "out";
  std::ofstream(path) << "old";
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  AtomicFile file(path.string());
  file.commit();
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("a path that cannot be a file is refused with its name") {
  const Folder folder;
  std::ofstream(folder.path / "file") << "x";
  for (const fs::path& path : {folder.path, folder.path / "file/below", folder.path / "x/", fs::path()}) {
    CAPTURE(path);
    CHECK_THROWS_AS(AtomicFile(path.string()), Error);
  }
}
