// From a fresh process to a running program.
#pragma once

#include "runtime/launcher/order.h"
#include "runtime/zygote/birth.h"

namespace mortise::runtime::launcher {

// Runs in a child of a single-threaded process. Ends in the worker's program, or writes a sandbox::StepFailed to the report and
// exits with 127.
[[noreturn]] void become_worker(const Order& order, const sandbox::Plan& plan, const zygote::BirthDescriptors& descriptors) noexcept;

// The same, in a child that was forked ahead: keeps nothing of the launcher's open but the line that `line` (an int) is, and waits
// there for a packet of zygote/request.h.
[[noreturn]] void wait_to_become_worker(void* line) noexcept;

}  // namespace mortise::runtime::launcher
