// What the kernel underneath offers, found by asking it, not by its version number.
#pragma once

#include <string>

namespace mortise::app {

struct KernelFeatures {
  std::string release;
  int landlock_abi = 0;  // 0: none
  bool seccomp_filter = false;
  bool user_namespaces = false;  // this user may make one
  bool pidfd = false;
  bool memfd_seals = false;  // with F_SEAL_FUTURE_WRITE
  std::string cgroups;       // "v2", "v1", "hybrid" or "none"
};

[[nodiscard]] KernelFeatures kernel_features();

}  // namespace mortise::app
