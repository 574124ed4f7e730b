// The private root: a file system of its own that holds the paths of the policy and nothing else.
//
// A small tmpfs, read-only once it is filled, with the host's paths bound into it at the same places, /tmp for itself, its own
// /proc, and null, zero, full, random and urandom in /dev. The host's tree is gone from the process's sight for good.
// A path counts, not the folders above it: what lies in a home folder that nobody else may enter can be shown all the same.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "os/fd.h"
#include "runtime/sandbox/policy.h"
#include "runtime/sandbox/steps.h"

namespace mortise::runtime::sandbox {

inline constexpr std::size_t max_shown = max_paths + 64;  // the system's are fewer

// One thing in the root, in the order in which they are made.
struct Shown {
  std::string path;         // on the host and in the root
  Path::Access access = Path::Access::read;
  Path::Presence presence = Path::Presence::must_exist;
  bool folder = true;       // what it was when the plan was made
  bool covered = false;     // its place is there already, in a path shown before it
  int owner_map = -1;       // a user namespace: what belongs to the path's owner belongs to the process's user here
};

struct RootPlan {
  std::vector<Shown> shown;
  std::vector<std::pair<std::string, std::string>> links;  // path in the root, target
  std::vector<std::pair<std::string, std::string>> files;  // path in the root, content
  std::uint64_t temporary = 0;                             // bytes
  User user;                                               // owns /tmp
  bool own_proc = true;                                    // there is a pid namespace to show
};

// In a process that may mount (in its user namespace). Ends in the new root, in "/".
void enter_private_root(const RootPlan& plan, const Steps& step) noexcept;

// What every program needs of the system, found once: /usr, the links beside it, the few files of /etc.
struct SystemPaths {
  std::vector<Path> paths;
  std::vector<std::pair<std::string, std::string>> links;
  [[nodiscard]] static SystemPaths find();
};

}  // namespace mortise::runtime::sandbox
