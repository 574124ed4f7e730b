#include "os/open_memory.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "base/error.h"
#include "os/file.h"

namespace mortise::os {
namespace {

constexpr std::string_view memory_file = "/memfd:";
constexpr std::uint64_t block = 512;  // of st_blocks
constexpr std::uint64_t largest_list = 64U << 20;

std::string of(pid_t pid, const char* what) { return "/proc/" + std::to_string(pid) + "/" + what; }

bool is_memory_file(const std::string& link) {
  std::array<char, memory_file.size()> target{};
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return size == static_cast<ssize_t>(target.size()) && std::string_view(target.data(), target.size()) == memory_file;
}

}  // namespace

void add_open_memory(pid_t pid, OpenMemory& all) {
  const std::string folder = of(pid, "fd");
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(folder.c_str()), &::closedir);
  if (!list) return;
  while (const dirent* entry = ::readdir(list.get())) {
    const std::string path = folder + "/" + entry->d_name;
    struct stat status {};
    if (is_memory_file(path) && ::stat(path.c_str(), &status) == 0)
      all[{status.st_dev, status.st_ino}] = static_cast<std::uint64_t>(status.st_blocks) * block;
  }
}

void without_own_memory(OpenMemory& all) {
  OpenMemory own;
  add_open_memory(::getpid(), own);
  for (const auto& [file, bytes] : own) all.erase(file);
  try {
    std::istringstream maps(read_file("/proc/self/maps", largest_list));
    for (std::string line; std::getline(maps, line);) {
      unsigned major = 0, minor = 0;
      unsigned long long inode = 0;
      if (line.find(memory_file) == std::string::npos) continue;
      if (std::sscanf(line.c_str(), "%*s %*s %*s %x:%x %llu", &major, &minor, &inode) == 3) all.erase({::makedev(major, minor), inode});
    }
  } catch (const Error&) {  // nothing is taken for foreign that may be ours
    all.clear();
  }
}

std::uint64_t size_of(const OpenMemory& all) noexcept {
  std::uint64_t bytes = 0;
  for (const auto& [file, size] : all) bytes += size;
  return bytes;
}

std::uint64_t proportional_shared_memory(pid_t pid) noexcept {
  try {
    const std::string text = read_file(of(pid, "smaps_rollup"), 65536);
    const std::size_t at = text.find("\nPss_Shmem:");
    return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + 11, nullptr, 10) * 1024;
  } catch (const std::exception&) {
    return 0;
  }
}

}  // namespace mortise::os
