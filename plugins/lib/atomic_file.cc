#include "lib/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "mortise/error.hpp"

namespace mortise::plugins {
namespace {

constexpr std::size_t buffer_size = 256 * 1024;

std::string reason(int number) { return std::generic_category().message(number); }

Code code_of(int number) {
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS: return Code::denied;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE: return Code::busy;
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case EFBIG: return Code::invalid;
    default: return Code::plugin;
  }
}

const char* hint_of(int number) {
  switch (number) {
    case EACCES:
    case EPERM: return "check who owns the folder, or choose another path";
    case ENOSPC:
    case EDQUOT: return "free some space; the file that was there before is unchanged";
    case ENOTDIR: return "a part of the path is a file; choose another path";
    case EISDIR: return "there is a folder of that name; choose another path";
    default: return "";
  }
}

}  // namespace

void AtomicFile::fail(const std::string& doing, int number) const {
  throw Error(code_of(number), "cannot " + doing + " " + path_ + ": " + reason(number), hint_of(number))
      .with("file", path_);
}

AtomicFile::AtomicFile(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty() || path.back() == '/' || path.find('\0') != std::string::npos) {
    throw Error(Code::invalid, "'" + path + "' is no file name", "give the path of a file").with("file", path);
  }
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  if (error) throw Error(Code::plugin, "cannot find the working directory: " + error.message());
  path_ = absolute.string();
  folder_ = absolute.parent_path().string();
  fs::create_directories(folder_, error);
  if (error) fail("make the folder of", error.value());
  struct stat there {};
  mode_t mode = 0;
  if (::stat(path_.c_str(), &there) == 0) {
    if (S_ISDIR(there.st_mode)) fail("write", EISDIR);
    mode = there.st_mode & 07777;
  }
  open_temporary(absolute.filename().string());
  if (mode != 0) ::fchmod(descriptor_, mode);  // the new file is as open to others as the one it replaces
}

void AtomicFile::open_temporary(const std::string& name) {
  std::random_device random;
  for (int attempt = 0; attempt < 16; ++attempt) {
    const std::string candidate = folder_ + "/." + name.substr(0, 200) + "." + std::to_string(random());
    descriptor_ = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ >= 0) {
      temporary_ = candidate;
      return;
    }
    if (errno != EEXIST) break;
  }
  fail("write", errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  size_ += bytes.size();
  buffer_ += bytes;
  if (buffer_.size() >= buffer_size) flush();
}

void AtomicFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

void AtomicFile::commit() {
  flush();
  if (::fsync(descriptor_) != 0) fail("store", errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("store", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("write", errno);
  temporary_.clear();
  // The new name is durable once its folder is; a folder that cannot be opened or synced is no reason to fail.
  const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

}  // namespace mortise::plugins
