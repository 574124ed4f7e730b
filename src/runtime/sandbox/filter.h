// The system calls that no worker needs, denied by a seccomp filter.
//
// Denied are: mounts and roots, tracing and reading other processes, keys, bpf, userfaultfd, io_uring, modules, kexec, clocks,
// new and foreign namespaces, performance events, quotas, file handles, and every family of sockets but those that the policy
// needs. Unix sockets come in connected pairs only: in a folder that a policy shows there may be the socket of a service that
// trusts its owner (tmux, an agent, a container engine), and neither a read-only mount nor Landlock keeps anybody from
// connecting to it. clone3 does not exist for the process (its flags lie in memory, where a filter cannot look), so libc uses clone.
// Anything in another calling convention (32 bit, x32) kills the process.
//
// The program is made once per kind by libseccomp, in the launcher; the child only hands it to the kernel.
#pragma once

#include <linux/filter.h>

#include <vector>

namespace mortise::runtime::sandbox {

struct FilterKind {
  bool internet_sockets = false;  // and netlink's routes, which libc asks for addresses
  bool shared_ipc = false;       // there is no ipc namespace: System V and POSIX queues are denied here
  friend auto operator<=>(const FilterKind&, const FilterKind&) = default;
};

using FilterProgram = std::vector<sock_filter>;
// Throws Error{unsupported} when libseccomp cannot make it.
[[nodiscard]] FilterProgram make_filter(const FilterKind& kind);

// For the calling thread and all that it starts, for good. It must have no_new_privileges.
[[nodiscard]] bool install_filter(const FilterProgram& program) noexcept;

}  // namespace mortise::runtime::sandbox
