// A plan on its way to the process that keeps it, where that is no child of the planner: one forked from a zygote.
#pragma once

#include <memory>
#include <vector>

#include "runtime/sandbox/confine.h"
#include "runtime/sandbox/packet.h"

namespace mortise::runtime::sandbox {

// The owner maps of the plan go as descriptors beside the packet: they are appended to `descriptors`, each once, and the packet
// names them by their place there.
void write(Writer& out, const Plan& plan, std::vector<int>& descriptors);

struct ReceivedPlan {
  Plan plan;
  std::unique_ptr<const FilterProgram> filter;  // plan.filter, when it has one
};
// `descriptors` are the ones that write() was given, at their numbers here. Throws Error{invalid} for anything it does not know.
[[nodiscard]] ReceivedPlan read_plan(Reader& in, const std::vector<int>& descriptors);

}  // namespace mortise::runtime::sandbox
