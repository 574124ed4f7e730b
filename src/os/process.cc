#include "os/process.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "os/file.h"

namespace mortise::os {
namespace {

// The numbers after "pid (name) S": the name may hold spaces and parentheses, so it is skipped from the end.
std::optional<ProcessInfo> parse_stat(std::string_view text) {
  ProcessInfo info;
  if (std::from_chars(text.data(), text.data() + text.size(), info.pid).ec != std::errc{}) return std::nullopt;
  const std::size_t end = text.rfind(')');
  if (end == std::string_view::npos || end + 2 >= text.size()) return std::nullopt;
  text.remove_prefix(end + 2);
  info.state = text[0];
  text.remove_prefix(1);
  std::array<std::int64_t, 21> numbers{};  // field 4 of proc(5) is numbers[0]
  for (std::int64_t& number : numbers) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  }
  info.parent = static_cast<pid_t>(numbers[0]);
  info.group = static_cast<pid_t>(numbers[1]);
  info.session = static_cast<pid_t>(numbers[2]);
  info.cpu_ticks = static_cast<std::uint64_t>(numbers[10] + numbers[11]);
  info.resident = static_cast<std::uint64_t>(numbers[20]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return info;
}

// The limit of the memory cgroup (version 2 or 1), or no limit.
std::uint64_t container_memory() {
  std::uint64_t limit = UINT64_MAX;
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    try {
      const std::string text = read_file(path, 64);
      std::uint64_t value = 0;
      if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{}) limit = std::min(limit, value);
    } catch (const Error&) {  // no such cgroup: no such limit
    }
  }
  return limit;
}

}  // namespace

Fd open_process(pid_t pid) {
  const long handle = ::syscall(SYS_pidfd_open, pid, 0U);
  if (handle < 0) throw system_error("cannot open process " + std::to_string(pid), "");
  return Fd(static_cast<int>(handle));
}

bool send_signal(const Fd& process, int signal) noexcept {
  return ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0U) == 0;
}

bool is_running(const Fd& process) noexcept {
  pollfd entry{process.get(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 0;
}

std::string signal_name(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

std::string describe_exit(int wait_status) {
  if (WIFEXITED(wait_status)) return "exited with status " + std::to_string(WEXITSTATUS(wait_status));
  if (!WIFSIGNALED(wait_status)) return "ended with wait status " + std::to_string(wait_status);
  const int signal = WTERMSIG(wait_status);
  std::string text = "killed by signal " + std::to_string(signal) + " (" + signal_name(signal) + ")";
  if (WCOREDUMP(wait_status)) text += ", core dumped";
  return text;
}

std::vector<ProcessInfo> list_processes() {
  std::vector<ProcessInfo> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), &::closedir);
  if (!folder) return all;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    try {
      const std::string text = read_file(std::string("/proc/") + entry->d_name + "/stat", 4096);
      if (const auto info = parse_stat(text)) all.push_back(*info);
    } catch (const Error&) {  // it ended meanwhile
    }
  }
  return all;
}

std::vector<ProcessInfo> descendants_of(pid_t ancestor, const std::vector<ProcessInfo>& all) {
  std::set<pid_t> family{ancestor};
  std::vector<ProcessInfo> found;
  for (bool grew = true; grew;) {
    grew = false;
    for (const ProcessInfo& process : all) {
      if (family.count(process.parent) == 0 || !family.insert(process.pid).second) continue;
      found.push_back(process);
      grew = true;
    }
  }
  return found;
}

std::uint64_t proportional_memory(pid_t pid) noexcept {
  try {
    const std::string text = read_file("/proc/" + std::to_string(pid) + "/smaps_rollup", 65536);
    const std::size_t at = text.find("\nPss:");
    return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + 5, nullptr, 10) * 1024;
  } catch (const std::exception&) {
    return 0;
  }
}

std::uint64_t resident_memory(pid_t pid) noexcept {
  try {
    const std::string text = read_file("/proc/" + std::to_string(pid) + "/statm", 4096);
    const std::size_t second = text.find(' ');
    if (second == std::string::npos) return 0;
    return std::strtoull(text.c_str() + second, nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  } catch (const std::exception&) {
    return 0;
  }
}

std::chrono::nanoseconds processor_time(pid_t pid) noexcept {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::string own_executable() {
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size < 0) throw system_error("cannot find out which program runs", "/proc/self/exe");
  return {path.data(), static_cast<std::size_t>(size)};
}

std::uint64_t physical_memory() {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  return std::min(pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)), container_memory());
}

unsigned usable_processors() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

}  // namespace mortise::os
