// The whole command line program but for the house, which the caller brings along.
#pragma once

#include "cli/host.h"

namespace mortise::cli {

// Parses, does what was asked, reports errors on standard error, and returns the exit status (of the error table).
[[nodiscard]] int run_program(int argc, const char* const* argv, HostMaker& maker) noexcept;

}  // namespace mortise::cli
