// Runs a small program to its end and keeps what it printed. Not for plugins, which run in workers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace mortise::app {

struct Printout {
  int exit_status = 0;
  std::string output;  // of its standard output, at most 64 KiB
};
// Nothing when it cannot be started or takes too long (it is killed then). Does not fork this process.
[[nodiscard]] std::optional<Printout> ask_program(const std::vector<std::string>& command,
                                                  std::chrono::milliseconds patience);

}  // namespace mortise::app
