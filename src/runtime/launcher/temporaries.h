// What stands for /tmp where a worker has no private root: a folder of its own in /tmp, gone with it.
//
// Whoever made one holds a lock on it, so that what a killed launcher left behind can be told from what another one uses.
#pragma once

#include <string>

#include "os/fd.h"

namespace mortise::runtime::launcher {

class Temporary {
 public:
  Temporary() = default;  // none
  [[nodiscard]] static Temporary make();  // throws Error
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void remove() noexcept;  // with all that is in it

 private:
  std::string path_;
  os::Fd lock_;
};

// Removes those of this user that nobody holds.
void sweep_temporaries() noexcept;

}  // namespace mortise::runtime::launcher
