// Runs a small program to its end and keeps what it printed. Not for plugins, which run in workers.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace mortise::os {

struct Program {
  std::vector<std::string> command;  // the first is looked for on PATH unless it has a slash
  std::chrono::milliseconds patience{10'000};
  std::string folder = {};                                           // to run in; the present one when empty
  std::optional<std::vector<std::string>> environment = std::nullopt;  // "NAME=value"; this process's own when absent
  bool keep_errors = false;                                          // what it prints on standard error, too
  std::size_t most_output = 64 * 1024;
};

struct Printout {
  int exit_status = 0;
  std::string output;
};
// Nothing when it cannot be started, is ended by a signal, or takes too long: it is killed then, with all that it started in
// its process group. Does not fork this process.
[[nodiscard]] std::optional<Printout> run_program(const Program& program);

}  // namespace mortise::os
