// Files: bounded reading, writing that is all or nothing, and the lock that says who owns a directory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/fd.h"

namespace mortise::os {

// The whole file. Throws Error{invalid} with both numbers when it is larger than `limit`, and never holds more than
// limit + 1 bytes, also when the file grows meanwhile or is a device.
[[nodiscard]] std::string read_file(const std::string& path, std::uint64_t limit);

// Replaces the file or leaves it as it was, also when the machine loses power in between: a temporary file beside it,
// fsync, rename, fsync of the directory. The temporary one is gone afterwards, whatever happened.
void write_file(const std::string& path, std::string_view content, mode_t mode = 0600);

// The directory and those above it. Present ones are left alone.
void make_directories(const std::string& path, mode_t mode = 0700);

// Makes a directory with a random end after `prefix`, such as "/tmp/mortise-".
[[nodiscard]] std::string make_temporary_directory(const std::string& prefix);

// Makes renames and new names in a directory last.
void sync_directory(const std::string& path);

// Exclusive ownership of something, held while this object lives and given up by the kernel when the process dies. The
// file stays; it holds the owner's pid as text, for people and for error messages.
class LockFile {
 public:
  // Throws Error{busy} "... is in use by process 4711" with the detail "pid" when another process has it.
  [[nodiscard]] static LockFile take(const std::string& path);
  // The pid of the process that holds the lock now, if one does (0 when it did not write one).
  [[nodiscard]] static std::optional<pid_t> holder(const std::string& path);

  LockFile(LockFile&&) noexcept = default;
  LockFile& operator=(LockFile&&) noexcept = default;
  ~LockFile();

 private:
  explicit LockFile(Fd file) noexcept : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace mortise::os
