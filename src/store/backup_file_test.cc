#include "store/backup_file.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/error.h"
#include "os/file.h"

using namespace mortise;
using namespace mortise::store;
namespace fs = std::filesystem;

namespace {

struct Folders {
  Folders() : path(os::make_temporary_directory("/tmp/mortise-backup-")) {
    fs::create_directories(path + "/from/runs/one");
    os::write_file(path + "/from/mortise.db", "the database");
    os::write_file(path + "/from/runs/one/0.out", std::string(1000, 'x'));
    os::write_file(path + "/from/runs/one/empty", "");
    fs::create_symlink("/etc/passwd", path + "/from/runs/link");
  }
  ~Folders() { fs::remove_all(path); }

  std::string make() const {
    BackupWriter writer(path + "/b.tar");
    writer.add_file("mortise.db", path + "/from/mortise.db");
    writer.add_folder("runs", path + "/from/runs");
    writer.add_folder("files", path + "/from/files");
    writer.finish();
    return os::read_file(path + "/b.tar", 1U << 20U);
  }
  std::string refusal(const std::string& content) const {
    fs::remove_all(path + "/to");
    os::write_file(path + "/c.tar", content);
    try {
      (void)unpack_backup(path + "/c.tar", path + "/to");
    } catch (const Error& error) {
      CHECK(error.code() == Code::invalid);
      return error.what();
    }
    return {};
  }
  std::string path;
};

}  // namespace

TEST_CASE_FIXTURE(Folders, "what goes into a backup comes out of it, links left out") {
  (void)make();
  CHECK_FALSE(fs::exists(path + "/b.tar.part"));
  const BackupContent content = unpack_backup(path + "/b.tar", path + "/to");
  CHECK(content.names == std::vector<std::string>{"mortise.db", "runs/one/0.out", "runs/one/empty"});
  CHECK(content.bytes == 1012);
  CHECK(os::read_file(path + "/to/runs/one/0.out", 2000) == std::string(1000, 'x'));
  CHECK(fs::file_size(path + "/to/runs/one/empty") == 0);
}

TEST_CASE_FIXTURE(Folders, "a backup that was cut anywhere is refused") {
  const std::string whole = make();
  for (std::size_t size = 0; size + 1024 < whole.size(); size += 401)
    CHECK_FALSE(refusal(whole.substr(0, size)).empty());
}

TEST_CASE_FIXTURE(Folders, "a backup in which one byte changed is refused") {
  const std::string whole = make();
  std::size_t accepted = 0;
  for (std::size_t at = 0; at + 1024 < whole.size(); at += 211) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    accepted += refusal(changed).empty() ? 1 : 0;
  }
  // Padding between entries is nobody's.
  CHECK(accepted < 12);
  std::string changed = whole;
  changed[whole.find("the database")] ^= 1;
  CHECK(refusal(changed).find("mortise.db") != std::string::npos);
}

TEST_CASE_FIXTURE(Folders, "a writer that was given up leaves nothing") {
  {
    BackupWriter writer(path + "/b.tar");
    writer.add_file("mortise.db", path + "/from/mortise.db");
  }
  CHECK_FALSE(fs::exists(path + "/b.tar"));
  CHECK_FALSE(fs::exists(path + "/b.tar.part"));
}

TEST_CASE("the digest of a text is the one that everybody computes") {
  CHECK(sha256_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
