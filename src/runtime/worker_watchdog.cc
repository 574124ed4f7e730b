#include "runtime/worker_watchdog.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "os/open_memory.h"

namespace mortise::runtime {
namespace {

constexpr std::chrono::milliseconds second_look{20};

// How long between two looks, and that looking takes at most one part of so many of a processor.
struct Pace {
  std::chrono::milliseconds beat;
  int share;
};
constexpr Pace calm{std::chrono::milliseconds(100), 20}, alert{std::chrono::milliseconds(10), 4};

// Of this thread alone: on a crowded machine a look takes long, and costs no more.
std::chrono::nanoseconds processor_time() noexcept {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// The kernel links each thread's folder into this one. One that ended meanwhile counts as one.
std::uint32_t threads_of(pid_t pid) noexcept {
  struct stat status {};
  const bool there = ::stat(("/proc/" + std::to_string(pid) + "/task").c_str(), &status) == 0;
  return there && status.st_nlink > 3 ? static_cast<std::uint32_t>(status.st_nlink - 2) : 1;
}

// Proportionally, with the memory files that they hold, mapped or not.
std::uint64_t memory_of(const std::vector<pid_t>& processes, os::OpenMemory& files) {
  std::uint64_t all = 0, shared = 0;
  for (const pid_t one : processes) {
    all += os::proportional_memory(one);
    shared += os::proportional_shared_memory(one);
  }
  os::without_own_memory(files);
  return all - std::min(all, shared) + std::max(shared, os::size_of(files));
}

// `close` becomes true for one that has more than half of what it may: it can be over soon.
std::optional<WorkerWatchdog::Excess> excess_of(std::int64_t pid, const WorkerWatchdog::Limits& limits,
                                                const std::vector<os::ProcessInfo>& all, bool& close) {
  const auto worker = static_cast<pid_t>(pid);
  std::vector<pid_t> its{worker};
  for (const os::ProcessInfo& process : os::descendants_of(worker, all)) its.push_back(process.pid);
  WorkerWatchdog::Excess use;
  for (const os::ProcessInfo& process : all) {
    const bool known = std::find(its.begin(), its.end(), process.pid) != its.end();
    if (!known && process.session != worker) continue;
    if (!known) its.push_back(process.pid);
    use.memory += process.resident;
    use.processes += threads_of(process.pid);
  }
  close = close || (limits.processes != 0 && use.processes > limits.processes / 2) || (limits.memory != 0 && use.memory > limits.memory / 2);
  if (limits.processes != 0 && use.processes > limits.processes) return WorkerWatchdog::Excess{0, use.processes};
  if (limits.memory == 0) return std::nullopt;
  os::OpenMemory files;
  for (const pid_t one : its) os::add_open_memory(one, files);
  if (use.memory + os::size_of(files) <= limits.memory) return std::nullopt;
  use.memory = memory_of(its, files);
  return use.memory > limits.memory ? std::optional(use) : std::nullopt;
}

// What the host made and let go of a moment ago, the worker still holds: then the second look is smaller.
std::optional<WorkerWatchdog::Excess> excess_twice(std::int64_t pid, const WorkerWatchdog::Limits& limits, const std::vector<os::ProcessInfo>& all,
                                                   bool& close) {
  const auto first = excess_of(pid, limits, all, close);
  if (!first || first->memory == 0) return first;
  std::this_thread::sleep_for(second_look);
  return excess_of(pid, limits, os::list_processes(), close);
}

}  // namespace

WorkerWatchdog::~WorkerWatchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  news_.notify_all();
  if (thread_.joinable()) thread_.join();
}

WorkerWatchdog::Id WorkerWatchdog::watch(std::int64_t pid, Limits limits, OnExcess on_excess) {
  const std::lock_guard lock(mutex_);
  watched_.emplace(++last_, Watched{pid, limits, std::move(on_excess)});
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  news_.notify_all();
  return last_;
}

void WorkerWatchdog::forget(Id id) {
  std::unique_lock lock(mutex_);
  watched_.erase(id);
  if (std::this_thread::get_id() == thread_.get_id()) return;
  news_.wait(lock, [&] { return !telling_; });
}

void WorkerWatchdog::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (watched_.empty()) {
      news_.wait(lock, [&] { return stopping_ || !watched_.empty(); });
      continue;
    }
    lock.unlock();
    const auto before = processor_time();
    const Pace pace = look() ? alert : calm;
    const auto pause = std::max<std::chrono::nanoseconds>(pace.beat, (processor_time() - before) * pace.share);
    lock.lock();
    news_.wait_for(lock, pause, [&] { return stopping_; });
  }
}

bool WorkerWatchdog::look() {
  bool close = false;
  const std::vector<os::ProcessInfo> all = os::list_processes();
  std::vector<std::pair<Id, Watched>> watched;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, one] : watched_) watched.emplace_back(id, Watched{one.pid, one.limits, {}});
  }
  for (const auto& [id, one] : watched) {
    const auto excess = excess_twice(one.pid, one.limits, all, close);
    if (!excess) continue;
    OnExcess tell;
    {
      const std::lock_guard lock(mutex_);
      const auto found = watched_.find(id);
      if (found == watched_.end()) continue;
      tell = std::move(found->second.on_excess);
      watched_.erase(found);
      telling_ = true;
    }
    if (tell) tell(*excess);
    tell = nullptr;
    const std::lock_guard lock(mutex_);
    telling_ = false;
    news_.notify_all();
  }
  return close;
}

}  // namespace mortise::runtime
