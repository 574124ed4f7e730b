// The version of the program, from the build.
#pragma once

#include <string>

namespace mortise::app {

[[nodiscard]] inline std::string version() { return MORTISE_VERSION; }

}  // namespace mortise::app
