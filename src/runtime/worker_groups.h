// WorkerGroups: the control groups that hold workers to their limits.
//
// A few empty groups stand ready, because making one while a call waits costs up to 10 ms; a thread makes new ones, and removes
// those whose worker ended once nothing lives in them. A worker enters its group before it runs (launcher/child.cc), so that
// nothing it does escapes its limits. Where no group can be made, take() gives none, and WorkerWatchdog holds the limits that
// it can. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "os/cgroup.h"

namespace mortise::runtime {

// The group of one worker. Given back when it goes, with whatever still lives in it.
class WorkerGroup {
 public:
  ~WorkerGroup();
  WorkerGroup(const WorkerGroup&) = delete;
  WorkerGroup& operator=(const WorkerGroup&) = delete;
  [[nodiscard]] os::Cgroup& operator*() noexcept { return group_; }
  [[nodiscard]] os::Cgroup* operator->() noexcept { return &group_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }  // no other one of this process has it

 private:
  friend class WorkerGroups;
  struct Store;
  WorkerGroup(std::shared_ptr<Store> store, os::Cgroup group);
  std::shared_ptr<Store> store_;
  os::Cgroup group_;
  const std::uint64_t number_;
};

// Who holds a worker to which limit on this machine: "cgroup v1", "cgroup v2", "watchdog" or "nobody".
struct LimitKeepers {
  std::string memory, processes, cpu;
  std::string why;  // what stands in the way of groups, if something does
};

class WorkerGroups {
 public:
  enum class Use { where_possible, never };
  WorkerGroups(const Log& log, Use use);
  ~WorkerGroups();
  WorkerGroups(const WorkerGroups&) = delete;
  WorkerGroups& operator=(const WorkerGroups&) = delete;

  // A group with these limits, or null. Throws Error when a limit is refused.
  [[nodiscard]] std::unique_ptr<WorkerGroup> take(const os::CgroupLimits& limits);
  // One without limits that stands ready, or null.
  [[nodiscard]] std::unique_ptr<WorkerGroup> take_ready();
  // Makes those that were taken anew: when nobody waits, because a start would wait for its processor.
  void refill() noexcept;
  [[nodiscard]] const os::CgroupSupport& support() const noexcept { return support_; }
  [[nodiscard]] LimitKeepers keepers() const;

 private:
  void keep();
  const Log log_;
  os::CgroupSupport support_;
  std::shared_ptr<WorkerGroup::Store> store_;  // null: there are no groups
  std::thread keeper_;
};

}  // namespace mortise::runtime
