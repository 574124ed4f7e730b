#include "runtime/sandbox/steps.h"

#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace mortise::runtime::sandbox {

void Steps::fail(const char* step, const char* path) const noexcept {
  StepFailed failed{};
  failed.error = errno;
  const char* hole = path == nullptr ? nullptr : ::strstr(step, "%s");
  if (hole == nullptr) {
    ::strncpy(failed.step, step, sizeof failed.step - 1);
  } else {
    std::snprintf(failed.step, sizeof failed.step, "%.*s%s%s", static_cast<int>(hole - step), step, path, hole + 2);
  }
  (void)!::write(report_, &failed, sizeof failed);
  ::_exit(127);
}

}  // namespace mortise::runtime::sandbox
