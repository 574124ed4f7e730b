// WorkerBerths: the control groups in which the next workers wait already.
//
// To change its group a process waits for a grace period of the kernel (RCU): 10 ms and more, unless another one did it a
// moment ago. So a group is lent to the launcher for each kind of worker (a zygote's, or programs), and the process that
// it forks ahead enters it while nobody waits. Its limits are set when a worker takes it, before that one is told what it is.
// A worker enters the group itself where nobody waits in it: after the launcher died, say. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "os/cgroup.h"
#include "runtime/launcher/order.h"
#include "runtime/launcher_client.h"
#include "runtime/worker_groups.h"

namespace mortise::runtime {

class WorkerBerths {
 public:
  WorkerBerths(WorkerGroups& groups, LauncherClient& launcher) : groups_(groups), launcher_(launcher) {}

  // The group for a worker of the order, which is told its number. Null where there are no groups; throws Error when a limit is refused.
  [[nodiscard]] std::unique_ptr<WorkerGroup> take(launcher::Order& order, const os::CgroupLimits& limits);

  // Lends one for each kind whose last one was taken: when nobody waits, about 0.1 ms.
  void refill() noexcept;

 private:
  using Kind = std::optional<launcher::ZygoteWords>;  // none: programs
  struct Berth {
    Kind kind;
    std::unique_ptr<WorkerGroup> group;
  };
  static constexpr std::size_t most_kinds = 16;  // as many as the launcher keeps zygotes
  [[nodiscard]] std::unique_ptr<WorkerGroup> lent_for(const Kind& kind);

  WorkerGroups& groups_;
  LauncherClient& launcher_;
  std::mutex mutex_;
  std::vector<Berth> berths_;  // of kinds that were asked for
};

}  // namespace mortise::runtime
