// What a worker may see and do: from a plugin's descriptor to the policy it runs under. The one place that decides it.
#pragma once

#include "plugin/descriptor.h"
#include "runtime/access.h"
#include "runtime/runtime.h"
#include "runtime/sandbox/policy.h"

namespace mortise::runtime {

// `descriptor` with the limits that hold (with_limits in permits.h); `program` is what runs it.
[[nodiscard]] sandbox::Policy worker_policy(const plugin::Descriptor& descriptor, const Access& access, const std::string& program,
                                            const RuntimePaths& paths, const RuntimeSettings& settings);

// The layers without which `runtime.sandbox: required` lets nothing start.
[[nodiscard]] sandbox::Layers required_layers() noexcept;

}  // namespace mortise::runtime
