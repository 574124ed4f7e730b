// The sources of a plugin in Go: their hash, and the copy that is built.
#pragma once

#include <string>

#include "plugin/descriptor.h"
#include "runtime/runtime.h"

namespace mortise::runtime {

// Over every file of the package and of the SDK, and what the host adds. Throws Error{invalid} beyond 4096 files or 64 MiB,
// Error{not_found} when they cannot be read.
[[nodiscard]] std::string go_hash(const plugin::Descriptor& descriptor, const RuntimePaths& paths);

// Copies the package into the folder, with a go.mod that finds the SDK.
void copy_go_sources(const plugin::Descriptor& descriptor, const RuntimePaths& paths, const std::string& folder);

}  // namespace mortise::runtime
