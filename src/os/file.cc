#include "os/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <vector>

#include "os/paths.h"

namespace mortise::os {
namespace {

Fd open_or_throw(const std::string& what, const std::string& path, int flags, mode_t mode = 0) {
  int file = -1;
  do {
    file = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (file < 0 && errno == EINTR);
  if (file < 0) throw system_error(what, path);
  return Fd(file);
}

void write_all(const Fd& file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error("cannot write", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string random_suffix() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) throw system_error("cannot get random bytes", "");
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

std::optional<pid_t> pid_in(const Fd& file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file.get(), text.data(), text.size(), 0);
  pid_t pid = 0;
  if (size <= 0 || std::from_chars(text.data(), text.data() + size, pid).ec != std::errc{}) return std::nullopt;
  return pid;
}

}  // namespace

std::string read_file(const std::string& path, std::uint64_t limit) {
  const Fd file = open_or_throw("cannot open", path, O_RDONLY);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw system_error("cannot look at", path);
  if (S_ISDIR(status.st_mode)) throw system_error("cannot read", path, EISDIR);
  std::string content;
  // The size in the directory is a hint only: files grow, and those in /proc say 0.
  std::uint64_t step = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(status.st_size) + 1, 4096, 1 << 20);
  while (content.size() <= limit) {
    const std::size_t old = content.size();
    content.resize(old + std::min<std::uint64_t>(step, limit + 1 - old));
    const ssize_t got = ::read(file.get(), content.data() + old, content.size() - old);
    content.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("cannot read", path);
    if (got == 0) return content;
  }
  throw Error(Code::invalid, "'" + path + "' has more than " + std::to_string(limit) + " bytes, the most that is read here")
      .with("file", path)
      .with("expected", "at most " + std::to_string(limit) + " bytes")
      .with("got", std::to_string(std::max<std::uint64_t>(static_cast<std::uint64_t>(status.st_size), limit + 1)) + " bytes");
}

void write_file(const std::string& path, std::string_view content, mode_t mode) {
  const std::string temporary = path + ".new-" + random_suffix();
  Fd file = open_or_throw("cannot create", temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
  try {
    if (::fchmod(file.get(), mode) != 0) throw system_error("cannot set the mode of", temporary);
    write_all(file, content, path);
    if (::fsync(file.get()) != 0) throw system_error("cannot write", path);
    file.close();
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw system_error("cannot replace", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_directory(parent_of(path));
}

void make_directories(const std::string& path, mode_t mode) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return;
    throw system_error("cannot make the folder", path, ENOTDIR);
  }
  if (const std::string above = parent_of(path); above != path) make_directories(above, mode);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) throw system_error("cannot make the folder", path);
}

std::string make_temporary_directory(const std::string& prefix) {
  std::string path = prefix + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) throw system_error("cannot make a folder like", path);
  return path;
}

void sync_directory(const std::string& path) {
  const Fd folder = open_or_throw("cannot open the folder", path, O_RDONLY | O_DIRECTORY);
  // Some file systems cannot; then there is nothing to wait for.
  if (::fsync(folder.get()) != 0 && errno != EINVAL) throw system_error("cannot write the folder", path);
}

LockFile LockFile::take(const std::string& path) {
  Fd file = open_or_throw("cannot open the lock", path, O_RDWR | O_CREAT, 0600);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) throw system_error("cannot lock", path);
    const std::optional<pid_t> pid = pid_in(file);
    throw Error(Code::busy, "'" + parent_of(path) + "' is in use by " + (pid ? "process " + std::to_string(*pid) : "another process"),
                "stop that process, or use another folder")
        .with("file", path)
        .with("pid", pid ? std::to_string(*pid) : "");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) != 0) throw system_error("cannot write", path);
  write_all(file, pid, path);
  return LockFile(std::move(file));
}

std::optional<pid_t> LockFile::holder(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  // A shared lock, so that two who ask do not take each other for the holder.
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return pid_in(file).value_or(0);
}

LockFile::~LockFile() {
  // The text goes before the lock does, so that nobody reads the pid of one who left.
  if (file_ && ::ftruncate(file_.get(), 0) != 0) file_.close();
}

}  // namespace mortise::os
