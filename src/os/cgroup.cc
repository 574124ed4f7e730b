#include "os/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <thread>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::os {
namespace {

constexpr std::uint64_t most_text = 1U << 20;
constexpr std::int64_t period = 100'000;  // microseconds, in which a quota of processor time counts

bool write_text(const std::string& path, std::string_view text) noexcept {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

void must_write(const std::string& path, const std::string& text) {
  if (!write_text(path, text)) throw system_error("cannot set the limit " + text + " in", path);
}

std::string text_of(const std::string& path) noexcept {
  try {
    return read_file(path, most_text);
  } catch (const std::exception&) {
    return {};
  }
}

std::uint64_t number_of(const std::string& path) noexcept { return std::strtoull(text_of(path).c_str(), nullptr, 10); }

// The number after `key` in a file of lines "key number".
std::uint64_t number_in(const std::string& path, std::string_view key) noexcept {
  const std::string text = text_of(path);
  std::size_t line = 0;
  while (line < text.size()) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    const std::string_view one(text.data() + line, end - line);
    if (one.size() > key.size() && one.starts_with(key) && one[key.size()] == ' ')
      return std::strtoull(text.c_str() + line + key.size(), nullptr, 10);
    line = end + 1;
  }
  return 0;
}

}  // namespace

const CgroupFolder* Cgroup::with(bool CgroupFolder::* controller) const {
  const auto found = std::find_if(folders_.begin(), folders_.end(), [&](const CgroupFolder& f) { return f.*controller; });
  return found == folders_.end() ? nullptr : &*found;
}

void Cgroup::limit(const CgroupLimits& limits) {
  const bool first = version_ == CgroupVersion::v1;
  if (const auto* memory = with(&CgroupFolder::memory); memory != nullptr && limits.memory != 0) {
    const std::string bytes = std::to_string(limits.memory);
    must_write(join(memory->path, first ? "memory.limit_in_bytes" : "memory.max"), bytes);
    // Memory that was swapped out is used, too. Not every kernel counts it.
    (void)write_text(join(memory->path, first ? "memory.memsw.limit_in_bytes" : "memory.swap.max"), first ? bytes : "0");
    if (!first) (void)write_text(join(memory->path, "memory.oom.group"), "1");
  }
  if (const auto* processes = with(&CgroupFolder::processes); processes != nullptr && limits.processes != 0)
    must_write(join(processes->path, "pids.max"), std::to_string(limits.processes));
  if (const auto* cpu = with(&CgroupFolder::cpu); cpu != nullptr && limits.processors > 0) {
    const auto quota = std::max<std::int64_t>(std::llround(limits.processors * period), 1000);
    if (first) {
      must_write(join(cpu->path, "cpu.cfs_period_us"), std::to_string(period));
      must_write(join(cpu->path, "cpu.cfs_quota_us"), std::to_string(quota));
    } else {
      must_write(join(cpu->path, "cpu.max"), std::to_string(quota) + " " + std::to_string(period));
    }
  }
}

std::vector<int> Cgroup::doors() {
  if (doors_.empty()) {
    for (const CgroupFolder& folder : folders_) {
      const std::string path = join(folder.path, "cgroup.procs");
      doors_.emplace_back(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
      if (!doors_.back()) throw system_error("cannot open the group", path);
    }
  }
  std::vector<int> all;
  for (const Fd& door : doors_) all.push_back(door.get());
  return all;
}

CgroupUse Cgroup::use() const {
  CgroupUse use;
  const bool first = version_ == CgroupVersion::v1;
  if (const auto* memory = with(&CgroupFolder::memory)) {
    use.memory_peak = number_of(join(memory->path, first ? "memory.max_usage_in_bytes" : "memory.peak"));
    use.memory = number_of(join(memory->path, first ? "memory.usage_in_bytes" : "memory.current"));
    use.memory_peak = std::max(use.memory_peak, use.memory);
    use.oom_kills = number_in(join(memory->path, first ? "memory.oom_control" : "memory.events"), "oom_kill");
  }
  if (const auto* processes = with(&CgroupFolder::processes))
    use.refused_processes = number_in(join(processes->path, "pids.events"), "max");
  use.cpu = cpu();
  return use;
}

std::chrono::microseconds Cgroup::cpu() const {
  const auto* folder = with(&CgroupFolder::accounting);
  if (folder == nullptr) return {};
  if (version_ == CgroupVersion::v1)
    return std::chrono::microseconds(number_of(join(folder->path, "cpuacct.usage")) / 1000);  // it is in nanoseconds
  return std::chrono::microseconds(number_in(join(folder->path, "cpu.stat"), "usage_usec"));
}

std::uint64_t Cgroup::take_memory_peak() {
  const auto* folder = with(&CgroupFolder::memory);
  if (folder == nullptr) return 0;
  const bool first = version_ == CgroupVersion::v1;
  if (!peak_) {
    const std::string path = join(folder->path, first ? "memory.max_usage_in_bytes" : "memory.peak");
    peak_ = Fd(::open(path.c_str(), (first ? O_RDWR : O_RDONLY) | O_CLOEXEC));
    if (!peak_) return 0;
  }
  char text[32] = {};
  if (::pread(peak_.get(), text, sizeof text - 1, 0) <= 0) return 0;
  if (first) (void)!::write(peak_.get(), "0", 1);
  return std::strtoull(text, nullptr, 10);
}

void Cgroup::kill() noexcept {
  for (const CgroupFolder& folder : folders_) {
    if (write_text(join(folder.path, "cgroup.kill"), "1")) continue;
    const std::string members = text_of(join(folder.path, "cgroup.procs"));
    for (const char* at = members.c_str(); *at != '\0';) {
      char* end = nullptr;
      const long pid = std::strtol(at, &end, 10);
      if (end == at) break;
      if (pid > 1 && pid != ::getpid()) ::kill(static_cast<pid_t>(pid), SIGKILL);
      at = end;
      while (*at == '\n') ++at;
    }
  }
}

bool Cgroup::remove() noexcept {
  doors_.clear();
  peak_.close();
  std::erase_if(folders_, [](const CgroupFolder& f) { return ::rmdir(f.path.c_str()) == 0 || errno == ENOENT; });
  return folders_.empty();
}

}  // namespace mortise::os
