// Runs a function in a confined process and waits for it: what probes and tests stand on.
#pragma once

#include <functional>
#include <string>

#include "runtime/sandbox/confine.h"

namespace mortise::runtime::sandbox {

struct Ended {
  std::string refused;  // the step that failed, empty when all went well
  int error = 0;        // its errno
  int wait_status = 0;  // of the function's process: its result is the exit status
};

// In a single-threaded process. `user` is used where the policy's own_user can hold. Throws Error as Planner and Cell do.
[[nodiscard]] Ended run_confined(Planner& planner, const Policy& policy, const User& user, const std::function<int()>& function);

}  // namespace mortise::runtime::sandbox
