// Landlock: the kernel's own access rules for the process that asks for them and all that it starts. No privileges needed.
//
// Declared by hand: the headers of Debian 12 know version 2 of the interface, kernels meanwhile more. What a kernel does not
// know is left out, and landlock_network and landlock_scopes are no layers of such a machine.
#pragma once

#include <string>
#include <vector>

#include "runtime/sandbox/policy.h"

namespace mortise::runtime::sandbox {

// The version of the interface, 0: none. Files need 1, network 4, scopes 6.
[[nodiscard]] int landlock_version() noexcept;

struct LandlockRules {
  int version = 0;
  bool files = false, network = false, scopes = false;
  const std::vector<Path>* paths = nullptr;  // as the process sees them now
};

// Restricts the calling thread for good. It must have no_new_privileges. On failure errno says why and `failed` names the
// path when it was one.
[[nodiscard]] bool restrict_by_landlock(const LandlockRules& rules, const char** failed) noexcept;

}  // namespace mortise::runtime::sandbox
