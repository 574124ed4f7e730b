// What of the layers this machine can give, found by trying, and why not the others.
#pragma once

#include <array>
#include <string>

#include "runtime/sandbox/policy.h"

namespace mortise::runtime::sandbox {

// What the host may do decides how a process is confined. docs/sandbox.md has a column for each.
enum class Level : std::uint8_t {
  root,  // makes namespaces itself, and has users to give
  user,  // makes a user namespace first; workers keep the host's uid
  bare,  // no namespaces: the kernel's access rules, the filter and the limits alone
};
[[nodiscard]] std::string_view name_of(Level level) noexcept;

struct Machine {
  Level level = Level::bare;
  Layers layers;
  std::array<std::string, layer_count> missing;  // why, for those that are not in `layers`
  int landlock = 0;
  bool own_proc = false;  // a /proc of its own can be mounted

  // Starts a few processes that end at once: some milliseconds. In a single-threaded process.
  [[nodiscard]] static Machine look();
};

// Namespaces of the layers: the flags of clone(2). private_root has none here: its mounts are made by the process itself.
[[nodiscard]] unsigned long namespaces_of(Layers layers) noexcept;

// In a process that has just entered a user namespace of its own: it stays who it was, with all rights inside.
[[nodiscard]] bool keep_identity(unsigned uid, unsigned gid) noexcept;

}  // namespace mortise::runtime::sandbox
