// A process that was forked and is not a worker yet: it waits for what it shall become.
#pragma once

#include <vector>

#include "os/fd.h"
#include "runtime/zygote/birth.h"
#include "runtime/zygote/request.h"

namespace mortise::runtime::zygote {

struct Told {
  std::vector<os::Fd> came;  // the descriptors of the birth, under their numbers there
  ReceivedBirth birth;
  [[nodiscard]] BirthDescriptors descriptors(int line) const noexcept;  // which live as long as this
};

// Enters the groups that it is told to enter meanwhile. Throws Error when the launcher went away or a group cannot be entered.
[[nodiscard]] Told wait_for_birth(int line);

}  // namespace mortise::runtime::zygote
