#include "app/backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "app/house.h"
#include "base/clock.h"
#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"
#include "store/backup_file.h"
#include "store/database.h"

namespace mortise::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* database_name = "mortise.db";
constexpr const char* key_name = "key";
constexpr const char* folders[] = {"runs", "pipelines", "files", "marketplace"};

// A folder that is gone with its content, whatever happens.
class Scratch {
 public:
  explicit Scratch(const std::string& prefix) : path_(os::make_temporary_directory(prefix)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  const std::string path_;
};

Error cannot(const std::string& what) {
  return Error(errno == ENOSPC ? Code::busy : Code::denied, what + ": " + std::strerror(errno), "nothing was changed");
}

// "20260131T123456Z"
std::string compact_now() {
  std::string text = to_rfc3339(now()).substr(0, 19);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text + "Z";
}

// One system call puts the new folder there and the old one aside; only the very first restore has no old one.
void exchange(const std::string& fresh, const std::string& data_dir) {
  const bool there = fs::exists(data_dir);
  const int how = there ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, data_dir.c_str(), how) == 0) return;
  throw cannot("cannot put the restored folder in the place of " + data_dir);
}

}  // namespace

Value make_backup(store::Database& database, const std::string& data_dir, const std::string& path) {
  if (os::is_within(path, data_dir)) {
    throw Error(Code::invalid, "a backup inside the data folder would hold itself: " + path,
                "write it to another folder")
        .with("file", path);
  }
  const Scratch scratch(os::join(data_dir, "backup-"));
  const std::string copy = os::join(scratch.path(), database_name);
  database.copy_to(copy);
  store::BackupWriter writer(path);
  writer.add_file(database_name, copy);
  const std::string key = os::join(data_dir, key_name);  // what runs keep is sealed with it
  if (fs::exists(key)) writer.add_file(key_name, key);
  for (const char* folder : folders) writer.add_folder(folder, os::join(data_dir, folder));
  writer.finish();
  return Value::map(
      {{"file", path}, {"files", writer.files()}, {"bytes", writer.bytes()}, {"sha256", store::sha256_of_file(path)}});
}

Value restore_backup(const std::string& data_dir, const std::string& path) {
  std::optional<os::LockFile> lock;
  if (fs::exists(data_dir)) {
    try {
      lock = os::LockFile::take(lock_path(data_dir));
    } catch (const Error& error) {
      if (error.code() != Code::busy) throw;
      throw Error(Code::busy, "a host uses " + data_dir + " (process " + std::string(error.detail("pid")) + ")",
                  "stop it first; what it does meanwhile would be lost")
          .with("pid", std::string(error.detail("pid")));
    }
  }
  os::make_directories(os::parent_of(data_dir));
  const Scratch scratch(data_dir + ".restore-");
  const std::string fresh = os::join(scratch.path(), "data");
  os::make_directories(fresh);
  const store::BackupContent content = store::unpack_backup(path, fresh);
  if (std::find(content.names.begin(), content.names.end(), database_name) == content.names.end())
    throw Error(Code::invalid, "'" + path + "' holds no database", "it is no backup of mortise").with("file", path);
  store::require_sound(os::join(fresh, database_name));
  exchange(fresh, data_dir);
  Value kept;
  if (lock) {
    const std::string aside = data_dir + ".before-" + compact_now();
    if (::rename(fresh.c_str(), aside.c_str()) != 0)
      throw cannot("the restored folder is in place, but the one before could not be kept");
    kept = aside;
  }
  os::sync_directory(os::parent_of(data_dir));
  return Value::map({{"files", content.names.size()}, {"bytes", content.bytes}, {"kept", kept}});
}

}  // namespace mortise::app
