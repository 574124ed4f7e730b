// From a fresh process to a running program.
#pragma once

#include "runtime/launcher/order.h"
#include "runtime/zygote/birth.h"

namespace mortise::runtime::launcher {

// Runs in a child of a single-threaded process. Ends in the worker's program, or writes a sandbox::StepFailed to the report and
// exits with 127.
[[noreturn]] void become_worker(const Order& order, const sandbox::Plan& plan, const zygote::BirthDescriptors& descriptors) noexcept;

}  // namespace mortise::runtime::launcher
