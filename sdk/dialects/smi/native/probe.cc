#include "probe.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>

namespace mortise::smi {
namespace {

constexpr std::size_t pipe_size = 4096;  // what a pipe takes at once

class Pipe {
 public:
  Pipe() noexcept { open_ = ::pipe(ends_) == 0; }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    if (!open_) return;
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  // How much the kernel could read there, -1 for nothing. Not by write(), which a sanitizer replaces by one that looks itself.
  [[nodiscard]] ssize_t take(const void* address, std::size_t size) const noexcept {
    return open_ ? ::syscall(SYS_write, ends_[1], address, size) : -1;
  }

 private:
  int ends_[2] = {-1, -1};
  bool open_ = false;
};

}  // namespace

bool readable(const void* address, std::size_t size) noexcept {
  const auto* at = static_cast<const char*>(address);
  if (address == nullptr || reinterpret_cast<std::uintptr_t>(at) > UINTPTR_MAX - size) return false;
  while (size > 0) {
    const std::size_t part = std::min(size, pipe_size);
    if (Pipe().take(at, part) != static_cast<ssize_t>(part)) return false;
    at += part;
    size -= part;
  }
  return true;
}

bool executable(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0, end = 0;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %4s", &begin, &end, rights) != 3) continue;
    if (wanted >= begin && wanted < end) return rights[2] == 'x';
  }
  return false;
}

std::optional<std::string> text_at(const char* address, std::size_t most) {
  std::string text;
  while (readable(address, 1)) {
    if (*address == '\0') return text;
    if (text.size() == most) break;
    text += *address++;
  }
  return std::nullopt;
}

}  // namespace mortise::smi
