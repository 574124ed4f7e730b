// Task: a program of a plugin's author (a build, a test), run to its end, with all that it printed and reported.
//
// The launcher starts it, as it starts workers, so whatever confines those confines this, too, and nothing of it is left behind. It
// reports on its descriptor 3, a line at a time; what it prints on 1 and 2 is kept together, its end where it is long.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "runtime/launcher/order.h"
#include "runtime/launcher_client.h"
#include "runtime/reactor.h"

namespace mortise::runtime {

// What starts tasks: a launcher of its own.
class Workshop {
 public:
  Workshop(const Log& log, const std::string& launcher) : reactor_(log), launcher_(reactor_, log, launcher) {}
  [[nodiscard]] LauncherClient& launcher() noexcept { return launcher_; }

 private:
  Reactor reactor_;
  LauncherClient launcher_;
};

struct TaskEnd {
  enum class How { exited, timed_out, cancelled, talked_too_much } how = How::exited;
  Death death;
  std::string printed;  // at most the last 256 KiB

  [[nodiscard]] bool well() const noexcept { return how == How::exited && death.known && death.wait_status == 0; }
  [[nodiscard]] std::string describe() const;  // "exited with status 3", "was stopped after its time"
};

struct TaskBounds {
  std::chrono::steady_clock::time_point deadline;
  std::function<bool()> cancelled;  // asked about ten times a second
};

// Throws Error when the program cannot be started. `line` gets each line that it reports, without its end.
[[nodiscard]] TaskEnd run_task(Workshop& workshop, launcher::Order order, const TaskBounds& bounds,
                             const std::function<void(std::string_view)>& line);

}  // namespace mortise::runtime
