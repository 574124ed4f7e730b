// The ways into namespaces that others hold: a fork whose child is inside.
//
// Who enters a namespace cannot leave it, so a helper enters, on the memory of its maker that sleeps meanwhile (as in vfork),
// and leaves behind a process that is inside. In a single-threaded process.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <array>
#include <cstddef>

namespace mortise::runtime::sandbox {

struct Space {
  const char* name;  // in /proc/N/ns
  unsigned long flag;
};
// In the order in which they are entered.
inline constexpr std::array<Space, 6> space_kinds{{{"user", CLONE_NEWUSER},
                                                   {"net", CLONE_NEWNET},
                                                   {"ipc", CLONE_NEWIPC},
                                                   {"uts", CLONE_NEWUTS},
                                                   {"cgroup", CLONE_NEWCGROUP},
                                                   {"pid", CLONE_NEWPID}}};
// Their descriptors; -1: the child stays in its maker's.
using Spaces = std::array<int, space_kinds.size()>;

// Starts a child inside that runs `body`, which never returns. Throws Error.
pid_t start_inside(const Spaces& spaces, void (*body)(void*) noexcept, void* argument);

// Returns twice, as fork() does, but the second time in a sibling of the caller: a child of the caller's parent, inside.
struct Sibling {
  bool inside = false;  // this is the new process
  pid_t pid = 0;        // of the new process as the caller sees it; 0: there is none
  pid_t helper = 0;     // another child of the caller's parent, that has ended; 0: none was needed
  int error = 0;        // errno, when there is none
};
[[nodiscard]] Sibling fork_sibling(const Spaces& spaces) noexcept;

}  // namespace mortise::runtime::sandbox
