// The program of a plugin in Go.
//
// A plugin comes as Go source (its entry is a .go file of package main), which is built here when it is first used, or as a
// program that was built elsewhere. What was built is kept under the hash of everything that went into it, so an unchanged
// plugin is never built again, and a changed one always. The build is offline (GOPROXY=off), with the installed toolchain
// (GOTOOLCHAIN=local), without cgo, in an environment and with a cache of its own. Set aside: `go run`, and Go's plugin
// packages, which must be built by the very toolchain and packages of their host.
#pragma once

#include <string>

#include "plugin/descriptor.h"
#include "runtime/runtime.h"

namespace mortise::runtime {

// True when there is nothing to wait for: go_program answers at once. Reads the sources.
[[nodiscard]] bool go_program_is_ready(const plugin::Descriptor& descriptor, const RuntimePaths& paths);

// The absolute path of the program. Builds it when needed, which takes seconds, for the first plugin of a machine some ten:
// Go compiles its own library then. Throws Error{not_found} without a toolchain, Error{invalid} with the file and line of
// what does not compile. Any thread, any number of processes.
[[nodiscard]] std::string go_program(const plugin::Descriptor& descriptor, const RuntimePaths& paths);

}  // namespace mortise::runtime
