// How workers begin: forked from a zygote where there is one for them, as a program otherwise. Of each kind one is forked ahead.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "os/fd.h"
#include "runtime/launcher/cells.h"
#include "runtime/launcher/order.h"
#include "runtime/launcher/zygotes.h"
#include "runtime/sandbox/confine.h"

namespace mortise::runtime::launcher {

// A worker that was started and has not reported yet.
struct Born {
  pid_t pid = 0;
  pid_t holder = 0;  // of its cell
  os::Fd report;     // ends when it runs, or tells a sandbox::StepFailed before
  std::string cold;  // why it was not forked from a zygote; empty: it was
};

struct Mother {
  const Order& order;
  const sandbox::Plan& plan;
  const std::vector<os::Fd>& descriptors;  // as they came with the order
  const os::Fd& way_out;                   // nothing: it has no network
  const std::string& mark;
};

class Births {
 public:
  Births(Cells& cells, Zygotes& zygotes) : cells_(cells), zygotes_(zygotes) {}
  // Throws Error; then there is no process, and its cell is destroyed.
  [[nodiscard]] Born start(const Mother& mother);

  // Whether add_spare() would fork one ahead.
  [[nodiscard]] bool wants_spare() const noexcept { return zygotes_.wants_spare() != nullptr || programs_.wanted(); }
  void add_spare() noexcept;  // about a millisecond
  // Where the next worker of a kind will live; no words: that of programs.
  void lend(const std::optional<ZygoteWords>& words, Berth berth);

  [[nodiscard]] bool holds(pid_t pid) const noexcept { return programs_.is(pid) || zygotes_.holds(pid); }
  bool forget(pid_t pid) noexcept;  // it was reaped; true: it was one of these
  void end_spare() noexcept;        // of programs
  void rest() noexcept;             // all that were forked ahead go, and come back when a worker of their kind is asked for

 private:
  void fork_from_zygote(const Mother& mother, Born& born);
  void run_program(const Mother& mother, Born& born);
  static std::string tell(const Mother& mother, Unborn unborn, Born& born) noexcept;
  std::optional<Unborn> fork_program(const sandbox::Cell& cell, sandbox::Layers layers);
  pid_t start_in(const sandbox::Cell& cell, void (*body)(void*) noexcept, void* argument);
  Cells& cells_;
  Zygotes& zygotes_;
  Spare programs_;
};

}  // namespace mortise::runtime::launcher
