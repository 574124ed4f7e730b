#include "runtime/sandbox/machine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "os/file.h"
#include "runtime/sandbox/kernel_calls.h"
#include "runtime/sandbox/landlock.h"

namespace mortise::runtime::sandbox {
namespace {

constexpr Layers of_namespaces{Layer::private_root, Layer::own_processes, Layer::own_network, Layer::own_ipc, Layer::own_names};

// ---- what a process in fresh namespaces can do ---------------------------------------------------------------------------

enum : int { made = 0, no_mounts = 1, no_proc = 2, no_identity = 3 };

// Everything the private root needs of the kernel, on a tree that nobody sees.
int try_mounts(bool proc) noexcept {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return no_mounts;
  const int tree = kernel::open_tree(AT_FDCWD, "/usr", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (tree < 0 || !kernel::set_mount(tree, attributes, AT_RECURSIVE)) return no_mounts;
  for (const char* place : {"/tmp", "/run", "/mnt", "/usr"}) {
    if (::mount("mortise", place, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") != 0) continue;
    if (::chdir(place) != 0 || ::mkdir("proc", 0755) != 0 || ::mkdir("usr", 0755) != 0) return no_mounts;
    if (!kernel::move_mount(tree, "usr")) return no_mounts;
    if (proc && ::mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, nullptr) != 0) return no_proc;
    return made;
  }
  return no_mounts;
}

// The exit status of a process in these namespaces, or 100 + errno when there is none.
int try_namespaces(unsigned long flags, bool mounts) noexcept {
  const unsigned uid = ::geteuid(), gid = ::getegid();
  const pid_t child = kernel::fork_with(flags);
  if (child < 0) return 100 + errno;
  if (child == 0) {
    if ((flags & CLONE_NEWUSER) != 0 && !keep_identity(uid, gid)) ::_exit(no_identity);
    ::_exit(mounts ? try_mounts((flags & CLONE_NEWPID) != 0) : made);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : no_identity;
}

// ---- why not -------------------------------------------------------------------------------------------------------------

std::string setting(const char* path) {
  try {
    std::string text = os::read_file(path, 64);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  } catch (const Error&) {
    return {};
  }
}

std::string why_no_namespaces(int result) {
  if (setting("/proc/sys/user/max_user_namespaces") == "0") return "the sysctl user.max_user_namespaces is 0";
  if (setting("/proc/sys/kernel/unprivileged_userns_clone") == "0") return "the sysctl kernel.unprivileged_userns_clone is 0";
  if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return "AppArmor keeps user namespaces from programs without a profile (kernel.apparmor_restrict_unprivileged_userns)";
  }
  if (result == no_mounts) return "mounts are refused inside a new namespace; a container may forbid them";
  if (result == no_identity) return "a new user namespace cannot be given a user";
  return std::string("new namespaces are refused (") + ::strerror(result - 100) +
         "); a container must allow them, or the kernel lacks them";
}

class Look {
 public:
  Machine take() {
    const bool privileged = may_administer();
    if (privileged && give(0)) {
      machine_.level = Level::root;
    } else if (give(CLONE_NEWUSER)) {
      machine_.level = Level::user;
    }
    users(privileged);
    landlock();
    filter();
    for (const Layer layer : {Layer::no_capabilities, Layer::no_new_privileges, Layer::resource_limits, Layer::closed_descriptors}) {
      machine_.layers.add(layer);
    }
    lack(Layer::control_groups, "no control group can be written");
    return machine_;
  }

 private:
  static bool may_administer() noexcept {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    return ::syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1U << CAP_SYS_ADMIN)) != 0 &&
           (data[0].effective & (1U << CAP_SETUID)) != 0;
  }

  // All namespaces at once, with the mounts of the private root; then, where that fails, one by one.
  bool give(unsigned long user) {
    const int together = try_namespaces(user | namespaces_of(of_namespaces), true);
    if (together == made || together == no_proc) {
      for (std::size_t i = 0; i < layer_count; ++i) {
        if (of_namespaces.has(static_cast<Layer>(i))) machine_.layers.add(static_cast<Layer>(i));
      }
      machine_.own_proc = together == made;
      return true;
    }
    bool any = false;
    for (std::size_t i = 0; i < layer_count; ++i) {
      const auto layer = static_cast<Layer>(i);
      if (!of_namespaces.has(layer)) continue;
      const int alone = try_namespaces(user | namespaces_of({layer}), layer == Layer::private_root);
      alone == made ? machine_.layers.add(layer) : lack(layer, why_no_namespaces(alone));
      any = any || alone == made;
    }
    return any;
  }

  void users(bool privileged) {
    if (privileged) return machine_.layers.add(Layer::own_user);
    lack(Layer::own_user, "the host is not root, so that workers have its user");
  }

  void landlock() {
    machine_.landlock = landlock_version();
    const auto needs = [&](Layer layer, int version) {
      if (machine_.landlock >= version) return machine_.layers.add(layer);
      lack(layer, machine_.landlock == 0
                      ? "the kernel has no Landlock, or it is switched off; boot with lsm=landlock,..."
                      : "the kernel has version " + std::to_string(machine_.landlock) + " of Landlock, this needs " + std::to_string(version));
    };
    needs(Layer::landlock_files, 1);
    needs(Layer::landlock_network, 4);
    needs(Layer::landlock_scopes, 6);
  }

  // An impossible filter: a kernel that has filters complains about the address, others about the call.
  void filter() {
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr) != 0 && errno == EFAULT) {
      machine_.layers.add(Layer::system_calls);
    } else {
      lack(Layer::system_calls, "the kernel was built without CONFIG_SECCOMP_FILTER, or a container forbids filters");
    }
  }

  void lack(Layer layer, std::string why) { machine_.missing[static_cast<std::size_t>(layer)] = std::move(why); }

  Machine machine_;
};

bool write_text(const char* path, const char* text) noexcept {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool done = ::write(file, text, ::strlen(text)) == static_cast<ssize_t>(::strlen(text));
  ::close(file);
  return done;
}

}  // namespace

std::string_view name_of(Level level) noexcept {
  switch (level) {
    case Level::root: return "root";
    case Level::user: return "user";
    case Level::bare: return "bare";
  }
  return "bare";
}

unsigned long namespaces_of(Layers layers) noexcept {
  unsigned long flags = 0;
  if (layers.has(Layer::own_processes)) flags |= CLONE_NEWPID;
  if (layers.has(Layer::own_network)) flags |= CLONE_NEWNET;
  if (layers.has(Layer::own_ipc)) flags |= CLONE_NEWIPC;
  if (layers.has(Layer::own_names)) flags |= CLONE_NEWUTS | CLONE_NEWCGROUP;
  return flags;
}

bool keep_identity(unsigned uid, unsigned gid) noexcept {
  char text[64];
  if (!write_text("/proc/self/setgroups", "deny")) return false;
  std::snprintf(text, sizeof text, "%u %u 1\n", gid, gid);
  if (!write_text("/proc/self/gid_map", text)) return false;
  std::snprintf(text, sizeof text, "%u %u 1\n", uid, uid);
  return write_text("/proc/self/uid_map", text);
}

Machine Machine::look() { return Look().take(); }

}  // namespace mortise::runtime::sandbox
