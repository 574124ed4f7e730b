// Apart from the making, so that who only installs filters does not load libseccomp.
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/sandbox/filter.h"

namespace mortise::runtime::sandbox {

bool install_filter(const FilterProgram& program) noexcept {
  const sock_fprog given{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &given) == 0;
}

}  // namespace mortise::runtime::sandbox
