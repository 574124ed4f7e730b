#include "app/kernel_features.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <vector>

#include "os/fd.h"

namespace mortise::app {
namespace {

int landlock_abi() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

// An impossible filter: a kernel that has filters complains about the address, others about the call.
bool seccomp_filter() { return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr) != 0 && errno == EFAULT; }

// A child tries. It borrows this process' memory and ends before we go on, so nothing is copied, however large we are.
bool user_namespaces() {
  std::vector<char> stack(64 * 1024);
  const pid_t child = ::clone([](void*) { return 0; }, stack.data() + stack.size(),
                              CLONE_VM | CLONE_VFORK | CLONE_NEWUSER | SIGCHLD, nullptr);
  if (child < 0) return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool memfd_seals() {
  const os::Fd file(::memfd_create("mortise-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  return file && ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0;
}

std::string cgroups() {
  namespace fs = std::filesystem;
  std::error_code failure;
  if (fs::exists("/sys/fs/cgroup/cgroup.controllers", failure)) return "v2";
  if (fs::exists("/sys/fs/cgroup/unified", failure)) return "hybrid";
  return fs::exists("/sys/fs/cgroup/memory", failure) ? "v1" : "none";
}

}  // namespace

KernelFeatures kernel_features() {
  KernelFeatures features;
  utsname name{};
  if (::uname(&name) == 0) features.release = std::string(name.sysname) + " " + name.release + " " + name.machine;
  features.landlock_abi = landlock_abi();
  features.seccomp_filter = seccomp_filter();
  features.user_namespaces = user_namespaces();
  const os::Fd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  features.pidfd = static_cast<bool>(self);
  features.memfd_seals = memfd_seals();
  features.cgroups = cgroups();
  return features;
}

}  // namespace mortise::app
