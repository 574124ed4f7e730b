// How the worker of a plugin is started: program, arguments, environment, limits.
#pragma once

#include <string>
#include <vector>

#include "plugin/descriptor.h"
#include "runtime/launcher/order.h"
#include "runtime/runtime.h"
#include "runtime/worker_process.h"

namespace mortise::runtime {

// Throws Error{unsupported} for a language without a worker, Error{not_found} when the worker's program is missing.
// Builds a plugin in Go that was not built yet (go_program.h).
[[nodiscard]] launcher::Order worker_order(const plugin::Descriptor& descriptor, const Access& access,
                                           const RuntimePaths& paths, const RuntimeSettings& settings);

// Of a worker's environment, what does not come from its plugin: of any, and what R needs beside.
[[nodiscard]] std::vector<std::string> usual_environment();
[[nodiscard]] std::vector<std::string> r_environment(const RuntimePaths& paths);
[[nodiscard]] std::string r_program(const RuntimePaths& paths);  // empty: there is none

// What a worker of this plugin may use.
[[nodiscard]] WorkerBounds worker_bounds(const plugin::Descriptor& descriptor, const RuntimeSettings& settings);

}  // namespace mortise::runtime
