// From a fresh process to one that may run a worker's first instruction: descriptors, session, groups, and all that its plan says.
// The same checklist for a process that will run a program (launcher/child.cc) and for one forked from a zygote (zygote.cc).
#pragma once

#include <span>
#include <string>

#include "runtime/sandbox/confine.h"

namespace mortise::runtime::zygote {

struct BirthDescriptors {
  int protocol;  // becomes 3
  int output;    // becomes 1
  int errors;    // becomes 2
  int report;    // its other end is the launcher's alone; written to when a step fails
  std::span<const int> doors;  // of its control groups: it enters them first of all
  int way_out;  // where the doors of its network are sent (doors/doors.h); -1: it has none
};

// Whether signals go back to what they are in a new process; a zygote's are as its interpreter set them.
enum class Signals { reset, keep };

// Whoever writes 0 into a door of a control group moves itself. False, with errno: it cannot. Takes 10 ms and more where no process
// of the machine has changed its group for a moment.
[[nodiscard]] bool enter_groups(std::span<const int> doors) noexcept;

// In a child of a single-threaded process. Writes a sandbox::StepFailed to `report` and exits with 127 when a step fails. Afterwards
// 0 to 3 are the worker's; those above are close-on-exec, and the report ends with the last of them. No descriptor of `plan` and
// `descriptors` may be below `reserved`.
inline constexpr int reserved = 16;
[[nodiscard]] sandbox::Steps be_born(const sandbox::Plan& plan, const std::string& folder, const BirthDescriptors& descriptors, Signals signals) noexcept;

// Fills the free numbers below `reserved` for good, so that what a process opens lies above.
void reserve_descriptors() noexcept;

}  // namespace mortise::runtime::zygote
