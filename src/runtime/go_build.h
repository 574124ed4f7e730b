// `go build`, in an environment of its own, and what it says when something does not compile.
#pragma once

#include <string>

#include "plugin/descriptor.h"
#include "runtime/runtime.h"

namespace mortise::runtime {

// Builds the plugin into the file `place`, whole or not at all. `builds` holds Go's cache. Minutes at most; throws
// Error{invalid} with the file and line of what does not compile, Error{timeout}.
void go_build(const plugin::Descriptor& descriptor, const RuntimePaths& paths, const std::string& builds,
              const std::string& place);

// The first complaint of the compiler, "main.go:12:3: undefined: x", in what `go build` printed; line 0 when there is none.
struct GoComplaint {
  std::string file;  // as printed, without a leading "./"
  int line = 0;
  std::string text;  // after the place
  std::size_t more = 0;
};
[[nodiscard]] GoComplaint first_complaint(const std::string& printed);

}  // namespace mortise::runtime
