// Calls of Linux that the libc of Debian 12 has no functions for.
#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace mortise::runtime::sandbox::kernel {

inline int open_tree(int folder, const char* path, unsigned flags) noexcept {
  return static_cast<int>(::syscall(SYS_open_tree, folder, path, flags));
}
inline bool move_mount(int mount, const char* to) noexcept {
  return ::syscall(SYS_move_mount, mount, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) == 0;
}
inline bool set_mount(int mount, mount_attr attributes, unsigned flags) noexcept {
  return ::syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes) == 0;
}
inline bool pivot_root(const char* fresh, const char* old) noexcept { return ::syscall(SYS_pivot_root, fresh, old) == 0; }

// fork(), with more flags. No memory is shared; libc's own handlers do not run. `tid`: where the child's libc finds its number.
inline pid_t fork_with(unsigned long flags, int* tid = nullptr) noexcept {
  if (tid != nullptr) flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  return static_cast<pid_t>(::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, tid, nullptr));
}

}  // namespace mortise::runtime::sandbox::kernel
