// From a fresh process to a running worker.
#pragma once

#include <sys/types.h>

#include <span>

#include "runtime/launcher/order.h"
#include "runtime/sandbox/confine.h"

namespace mortise::runtime::launcher {

struct ChildDescriptors {
  int protocol;  // becomes 3
  int output;    // becomes 1
  int errors;    // becomes 2
  int report;    // written to when a step fails; closed by the start of the program
  std::span<const int> doors;  // of its control groups: it enters them first of all
  int way_out;  // where the doors of its network are sent (doors/doors.h); -1: it has none
};

// Runs in a child of a single-threaded process. Ends in the worker's program, or writes a sandbox::StepFailed to `report` and
// exits with 127.
[[noreturn]] void become_worker(const Order& order, const sandbox::Plan& plan, const ChildDescriptors& descriptors) noexcept;

}  // namespace mortise::runtime::launcher
