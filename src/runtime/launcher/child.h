// From a fresh fork to a running worker: the setup of the child as a checklist.
#pragma once

#include <sys/types.h>

#include "runtime/launcher/order.h"

namespace mortise::runtime::launcher {

struct ChildDescriptors {
  int protocol;  // becomes 3
  int output;    // becomes 1
  int errors;    // becomes 2
  int report;    // written to when a step fails; closed by the start of the program
};

struct StepFailed {
  char step[64];
  int error;
};

// Runs in the child of fork() of a single-threaded process. Ends in the worker's program, or writes a StepFailed to `report`
// and exits with 127.
[[noreturn]] void become_worker(const Order& order, const ChildDescriptors& descriptors, pid_t launcher) noexcept;

}  // namespace mortise::runtime::launcher
