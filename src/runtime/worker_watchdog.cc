#include "runtime/worker_watchdog.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace mortise::runtime {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds beat{100};
constexpr int share = 20;  // looking takes at most one part of so many

std::optional<WorkerWatchdog::Excess> excess_of(std::int64_t pid, const WorkerWatchdog::Limits& limits,
                                                const std::vector<os::ProcessInfo>& all) {
  const auto worker = static_cast<pid_t>(pid);
  std::vector<pid_t> its{worker};
  for (const os::ProcessInfo& process : os::descendants_of(worker, all)) its.push_back(process.pid);
  WorkerWatchdog::Excess use;
  for (const os::ProcessInfo& process : all) {
    const bool known = std::find(its.begin(), its.end(), process.pid) != its.end();
    if (!known && process.session != worker) continue;
    if (!known) its.push_back(process.pid);
    use.memory += process.resident;
    ++use.processes;
  }
  if (limits.processes != 0 && use.processes > limits.processes) return WorkerWatchdog::Excess{0, use.processes};
  if (limits.memory == 0 || use.memory <= limits.memory) return std::nullopt;
  use.memory = 0;
  for (const pid_t one : its) use.memory += os::proportional_memory(one);
  return use.memory > limits.memory ? std::optional(use) : std::nullopt;
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
    const auto begin = Clock::now();
    look();
    const auto pause = std::max<Clock::duration>(beat, (Clock::now() - begin) * share);
    lock.lock();
    news_.wait_for(lock, pause, [&] { return stopping_; });
  }
}

void WorkerWatchdog::look() {
  const std::vector<os::ProcessInfo> all = os::list_processes();
  std::vector<std::pair<Id, Watched>> watched;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, one] : watched_) watched.emplace_back(id, Watched{one.pid, one.limits, {}});
  }
  for (const auto& [id, one] : watched) {
    const auto excess = excess_of(one.pid, one.limits, all);
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
}

}  // namespace mortise::runtime
