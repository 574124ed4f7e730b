#include "runtime/sandbox/rights.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace mortise::runtime::sandbox {
namespace {

bool limit(__rlimit_resource what, rlim_t amount) noexcept {
  rlimit now{};
  if (::getrlimit(what, &now) != 0) return false;
  if (now.rlim_max != RLIM_INFINITY && amount > now.rlim_max) amount = now.rlim_max;
  const rlimit wanted{amount, amount};
  return ::setrlimit(what, &wanted) == 0;
}

}  // namespace

bool bound_capabilities() noexcept {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; capability < 64; ++capability) {
    const int has = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (has < 0) break;  // the kernel knows no more
    // Who has no right to bound itself has no rights to lose.
    if (has == 1 && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) return false;
  }
  return true;
}

bool drop_all_capabilities() noexcept {
  if (!bound_capabilities()) return false;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct nothing[2]{};
  return ::syscall(SYS_capset, &header, nothing) == 0;
}

bool become_user(const User& user) noexcept {
  return ::setgroups(0, nullptr) == 0 && ::setresgid(user.gid, user.gid, user.gid) == 0 &&
         ::setresuid(user.uid, user.uid, user.uid) == 0;
}

bool limit_resources(const Limits& limits, bool own_count) noexcept {
  return limit(RLIMIT_NOFILE, limits.open_files) && limit(RLIMIT_FSIZE, limits.file_size) && limit(RLIMIT_CORE, 0) &&
         limit(RLIMIT_RTPRIO, 0) && limit(RLIMIT_NICE, 0) && limit(RLIMIT_MEMLOCK, 8U << 20U) &&
         limit(RLIMIT_MSGQUEUE, 0) && limit(RLIMIT_SIGPENDING, 1024) &&
         (limits.processes == 0 || !own_count || limit(RLIMIT_NPROC, limits.processes));
}

}  // namespace mortise::runtime::sandbox
