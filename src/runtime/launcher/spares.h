// A process forked ahead of the worker that it will be: one of each kind, as soon as nobody waits for anything.
//
// It knows nothing of its worker: it sits in a cell, and waits at the other end of a line for the packet that tells (zygote/request.h).
// One for programs is a copy of the launcher until then, as every child is between fork and exec; the exec leaves nothing of it.
// Where the host lent a control group for the next worker of the kind, it enters that group ahead, too: the kernel lets a
// process change its group only after a grace period (RCU), which takes 10 ms and more and is what a start took longest for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "os/fd.h"
#include "runtime/sandbox/policy.h"

namespace mortise::runtime::launcher {

struct Unborn {
  pid_t pid = 0;
  pid_t holder = 0;  // of its cell
  sandbox::Layers layers;
  os::Fd line;
  std::uint64_t group = 0;  // that it was told to enter; 0: none

  void end() const noexcept;
};

// A control group that the next worker of a kind will live in, as the host numbers them, and the doors to it.
struct Berth {
  std::uint64_t group = 0;
  std::vector<os::Fd> doors;
};

class Spare {
 public:
  // The one that there is, if it has these layers; gone from here then. One that waits in `group` and is not taken is ended: the
  // group is another worker's now.
  [[nodiscard]] std::optional<Unborn> take(sandbox::Layers layers, std::uint64_t group);
  // Whether there should be one and is not. Nothing is forked ahead before the first worker of a kind.
  [[nodiscard]] bool wanted() const noexcept { return asked_ && !unborn_; }
  [[nodiscard]] sandbox::Layers usual() const noexcept { return usual_; }  // what was asked for last
  [[nodiscard]] bool is(pid_t pid) const noexcept { return unborn_ && unborn_->pid == pid; }

  void keep(Unborn unborn);
  void lend(Berth berth);  // in place of one that was lent before
  void want_none() noexcept { asked_ = false; }  // until a worker is asked for again
  void rest() noexcept {  // none, until a worker is asked for again
    want_none();
    lose();
  }
  void lose() noexcept;

 private:
  void enter() noexcept;
  sandbox::Layers usual_;
  bool asked_ = false;
  std::optional<Unborn> unborn_;
  Berth berth_;
};

}  // namespace mortise::runtime::launcher
