#include "jobs/core/owner.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace mortise::jobs {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// "BOOT START"; empty when there is no such process, or only its remains.
std::string mark_of(std::int64_t pid) {
  const std::string stat = content_of("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');  // the name itself may hold anything
  if (name_end == std::string::npos) return {};
  std::istringstream fields(stat.substr(name_end + 1));
  std::string state;
  fields >> state;
  if (state == "Z" || state == "X") return {};
  std::string field;
  constexpr int start_time = 22;  // counted from 1, as proc(5) does; the state is 3
  for (int number = 4; number <= start_time; ++number) fields >> field;
  std::string boot = content_of("/proc/sys/kernel/random/boot_id");
  while (!boot.empty() && boot.back() == '\n') boot.pop_back();
  return boot + " " + field;
}

}  // namespace

Owner Owner::this_process() {
  const std::int64_t pid = ::getpid();
  return {pid, mark_of(pid)};
}

bool Owner::is_alive() const { return !mark.empty() && mark_of(pid) == mark; }

}  // namespace mortise::jobs
