#include "runtime/sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace mortise::runtime::sandbox {
namespace {

constexpr std::uint64_t execute = 1U << 0, write_file = 1U << 1, read_file = 1U << 2, read_folder = 1U << 3, refer = 1U << 13,
                        truncate = 1U << 14, device_ioctl = 1U << 15;
constexpr std::uint64_t make_device = (1U << 6) | (1U << 11);
constexpr std::uint64_t any_change = ((1U << 13) - 1) & ~(execute | read_file | read_folder | make_device);
constexpr std::uint64_t of_files = execute | write_file | read_file | truncate | device_ioctl;  // a rule on a file has no others

constexpr std::uint64_t tcp = 3;     // bind, connect
constexpr std::uint64_t scopes = 3;  // abstract Unix sockets, signals

struct Ruleset {
  std::uint64_t files, network, scoped;
};
struct __attribute__((packed)) BelowPath {
  std::uint64_t allowed;
  std::int32_t folder;
};

std::uint64_t known_file_rights(int version) {
  std::uint64_t rights = (1U << 13) - 1;
  if (version >= 2) rights |= refer;
  if (version >= 3) rights |= truncate;
  if (version >= 5) rights |= device_ioctl;
  return rights;
}

std::uint64_t rights_for(Path::Access access) {
  switch (access) {
    case Path::Access::read: return read_file | read_folder;
    case Path::Access::execute: return read_file | read_folder | execute;
    case Path::Access::hidden: return 0;
    case Path::Access::write_and_execute: return rights_for(Path::Access::write) | execute;
    case Path::Access::write: return read_file | read_folder | any_change | refer | truncate | device_ioctl;
  }
  return 0;
}

bool allow(int ruleset, const Path& path, std::uint64_t known) noexcept {
  const int fd = ::open(path.path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return path.presence == Path::Presence::may_be_missing;
  struct stat status {};
  BelowPath rule{rights_for(path.access) & known, fd};
  bool done = ::fstat(fd, &status) == 0;
  if (done && !S_ISDIR(status.st_mode)) rule.allowed &= of_files;
  done = done && ::syscall(SYS_landlock_add_rule, ruleset, 1, &rule, 0) == 0;
  const int error = errno;
  ::close(fd);
  errno = error;
  return done;
}

}  // namespace

int landlock_version() noexcept {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1);
  return version > 0 ? static_cast<int>(version) : 0;
}

bool restrict_by_landlock(const LandlockRules& rules, const char** failed) noexcept {
  *failed = nullptr;
  const std::uint64_t known = known_file_rights(rules.version);
  Ruleset all{rules.files ? known : 0, rules.network ? tcp : 0, rules.scopes ? scopes : 0};
  const std::size_t size = rules.version >= 6 ? 24 : rules.version >= 4 ? 16 : 8;
  const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, size, 0));
  if (ruleset < 0) return false;
  bool done = true;
  if (rules.files) {
    for (const Path& path : *rules.paths) {
      if (allow(ruleset, path, known)) continue;
      *failed = path.path.c_str();
      done = false;
      break;
    }
  }
  done = done && ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  const int error = errno;
  ::close(ruleset);
  errno = error;
  return done;
}

}  // namespace mortise::runtime::sandbox
