#include "runtime/launcher/temporaries.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace mortise::runtime::launcher {
namespace {

namespace fs = std::filesystem;
constexpr const char* place = "/tmp";
constexpr const char* beginning = "mortise-worker-";

os::Fd lock(const std::string& folder) noexcept {
  os::Fd held(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  const bool own = held && ::fstat(held.get(), &status) == 0 && status.st_uid == ::geteuid();
  if (!own || ::flock(held.get(), LOCK_EX | LOCK_NB) != 0) held.close();
  return held;
}

}  // namespace

// It gets the name that sweepers look for when it is locked.
Temporary Temporary::make() {
  Temporary made;
  std::string folder = std::string(place) + "/." + beginning + "XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) throw os::system_error("cannot make a temporary folder", folder);
  made.path_ = std::string(place) + "/" + folder.substr(std::string(place).size() + 2);
  made.lock_ = lock(folder);
  if (!made.lock_ || ::renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, made.path_.c_str(), RENAME_NOREPLACE) != 0) {
    const Error error = os::system_error("cannot make a temporary folder", made.path_);
    ::rmdir(folder.c_str());
    throw Error(error);
  }
  return made;
}

void Temporary::remove() noexcept {
  if (path_.empty()) return;
  std::error_code failure;
  fs::remove_all(path_, failure);
  path_.clear();
  lock_.close();
}

void sweep_temporaries() noexcept {
  std::error_code failure;
  for (fs::directory_iterator entry(place, failure), end; !failure && entry != end; entry.increment(failure)) {
    if (!entry->path().filename().string().starts_with(beginning)) continue;
    const os::Fd held = lock(entry->path().string());
    std::error_code ignored;
    if (held) fs::remove_all(entry->path(), ignored);
  }
}

}  // namespace mortise::runtime::launcher
