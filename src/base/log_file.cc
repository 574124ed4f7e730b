#include "base/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <ctime>

#include "base/error.h"

namespace mortise {
namespace {

// When the file was made, as far as the file system knows; else now.
std::int64_t birth_of(int file) noexcept {
  struct statx info {};
  const bool known = ::statx(file, "", AT_EMPTY_PATH, STATX_BTIME, &info) == 0 && (info.stx_mask & STATX_BTIME) != 0;
  return known ? info.stx_btime.tv_sec : ::time(nullptr);
}

std::string numbered(const std::string& path, std::size_t number) { return path + "." + std::to_string(number); }

}  // namespace

LogFile::LogFile(std::string path, Limits limits) : path_(std::move(path)), limits_(limits) {
  std::error_code failure;  // told by the opening
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), failure);
  if (open()) return;
  throw Error(Code::invalid, "cannot write the log file '" + path_ + "': " + std::strerror(errno),
              "check the folder and its permissions, or leave the file out to log to standard error")
      .with("file", path_);
}

LogFile::~LogFile() {
  if (file_ >= 0) ::close(file_);
}

bool LogFile::open() noexcept {
  const int file = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0) return false;
  if (file_ >= 0) ::close(file_);
  file_ = file;
  struct stat info {};
  size_ = ::fstat(file_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  begun_ = size_ == 0 ? ::time(nullptr) : birth_of(file_);
  return true;
}

void LogFile::write(std::string_view line) noexcept {
  if (is_full(line.size() + 1)) rotate();
  char newline = '\n';
  const iovec pieces[] = {{const_cast<char*>(line.data()), line.size()}, {&newline, 1}};
  const ssize_t written = ::writev(file_, pieces, 2);
  if (written > 0) size_ += static_cast<std::uint64_t>(written);
}

bool LogFile::is_full(std::size_t more) const noexcept {
  if (size_ == 0) return false;
  const bool large = limits_.bytes != 0 && size_ + more > limits_.bytes;
  const bool old = limits_.age.count() > 0 && ::time(nullptr) - begun_ >= limits_.age.count();
  return large || old;
}

// The names move up by one; the last one falls off.
void LogFile::rotate() noexcept {
  try {
    if (limits_.keep == 0) {
      ::unlink(path_.c_str());
    } else {
      for (std::size_t number = limits_.keep; number > 1; --number) {
        ::rename(numbered(path_, number - 1).c_str(), numbered(path_, number).c_str());
      }
      ::rename(path_.c_str(), numbered(path_, 1).c_str());
    }
    (void)open();
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory for a name; the file grows a little longer
  }
}

void LogFile::reopen() noexcept { (void)open(); }

}  // namespace mortise
