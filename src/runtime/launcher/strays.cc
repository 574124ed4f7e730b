#include "runtime/launcher/strays.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <thread>

#include "os/file.h"
#include "os/process.h"

namespace mortise::runtime::launcher {
namespace {

constexpr std::string_view mark_name = "MORTISE_WORKER=";

// Between two programs (execve) a process has none for a moment; one that stays without has cleared it.
std::string environment_of(pid_t pid) {
  std::string environment;
  for (int look = 0; look < 20 && environment.empty(); ++look) {
    if (look > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    environment = os::read_file("/proc/" + std::to_string(pid) + "/environ", 1U << 20);
  }
  return environment;
}

bool has_mark(std::string_view environment, const std::string& mark) {
  const std::string wanted = mark_variable(mark);
  for (std::size_t begin = 0; begin < environment.size();) {
    const std::size_t end = std::min(environment.find('\0', begin), environment.size());
    if (environment.substr(begin, end - begin) == wanted) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::string mark_variable(const std::string& mark) { return std::string(mark_name) + mark; }

bool carries(pid_t pid, const std::vector<std::string>& marks) {
  try {
    const std::string environment = environment_of(pid);
    return std::any_of(marks.begin(), marks.end(), [&](const std::string& mark) { return has_mark(environment, mark); });
  } catch (const Error&) {  // it ended, or hides: then nobody speaks for it
    return false;
  }
}

std::vector<pid_t> own_children() {
  std::vector<pid_t> found;
  try {
    const std::string self = std::to_string(::getpid());
    const std::string text = os::read_file("/proc/self/task/" + self + "/children", 1U << 20);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = std::min(text.find(' ', begin), text.size());
      found.push_back(static_cast<pid_t>(std::stol(text.substr(begin, end - begin))));
      begin = end + 1;
    }
  } catch (const Error&) {  // a kernel without that file
    for (const os::ProcessInfo& process : os::list_processes()) {
      if (process.parent == ::getpid()) found.push_back(process.pid);
    }
  }
  return found;
}

}  // namespace mortise::runtime::launcher
