// How workers begin: forked from a zygote where there is one for them, as a program otherwise.
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
  [[nodiscard]] bool wants_spare() const noexcept { return zygotes_.wants_spare() != nullptr; }
  void add_spare() noexcept;  // about a millisecond

 private:
  void fork_from_zygote(const Mother& mother, Born& born);
  void run_program(const Mother& mother, Born& born);
  Cells& cells_;
  Zygotes& zygotes_;
};

}  // namespace mortise::runtime::launcher
