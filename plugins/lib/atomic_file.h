// AtomicFile: a file that appears whole or not at all.
//
// What is written goes to a hidden file beside the target; commit() makes it durable and renames it over the target, so that a
// reader sees the old content or the new and never a part, and a crash leaves the old. Without commit() the destructor
// removes it. Folders on the way are made. Throws Error: denied where permission is missing, busy when the disk is full,
// invalid for a path that cannot be a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mortise::plugins {

class AtomicFile {
 public:
  // `path` may be relative to the working directory.
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void commit();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }  // absolute
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  [[noreturn]] void fail(const std::string& doing, int number) const;
  void open_temporary(const std::string& name);
  void flush();

  std::string path_, folder_, temporary_;
  std::string buffer_;
  std::uint64_t size_ = 0;
  int descriptor_ = -1;
};

}  // namespace mortise::plugins
