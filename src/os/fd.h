// Fd: one owned file descriptor, and the one way an errno becomes an Error.
#pragma once

#include <cerrno>
#include <string>
#include <utility>

#include "base/error.h"

namespace mortise::os {

// Closes its descriptor when it goes. Every descriptor made in this room is close-on-exec.
class Fd {
 public:
  Fd() noexcept = default;
  explicit Fd(int descriptor) noexcept : descriptor_(descriptor) {}
  Fd(Fd&& other) noexcept : descriptor_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      close();
      descriptor_ = other.release();
    }
    return *this;
  }
  ~Fd() { close(); }

  [[nodiscard]] int get() const noexcept { return descriptor_; }
  [[nodiscard]] explicit operator bool() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }
  void close() noexcept;
  // A second descriptor of the same open file. Throws Error{busy} when the process has no more of them.
  [[nodiscard]] Fd duplicate() const;

 private:
  int descriptor_ = -1;
};

// "cannot open '/x': No such file or directory", with the code that tells the caller what to do: not_found, denied,
// conflict (exists), busy (no space, no descriptors, no memory), unsupported, invalid (name too long, not a directory),
// else internal. `path` may be empty; it becomes the detail "file".
[[nodiscard]] Error system_error(const std::string& what, const std::string& path, int error = errno);

}  // namespace mortise::os
