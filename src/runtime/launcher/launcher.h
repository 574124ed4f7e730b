// The launcher: the small process that starts workers, so that the server never forks.
//
// It is single-threaded, holds no data, and lives as long as its socket. When the socket ends (the server stopped, or was
// killed), it kills every worker with all its descendants and exits; when the launcher itself is killed, the kernel kills
// the workers. What a worker leaves behind ends with it: with its cell (runtime/sandbox/cell.h), and where there are none,
// because the launcher is the reaper of its descendants. A bad request is refused and never ends it.
#pragma once

#include <chrono>
#include <cstdint>

#include "os/fd.h"

namespace mortise::runtime::launcher {

struct Options {
  // The range of uids for workers where the host is root.
  std::uint32_t first_user = 1'900'000'000;
  std::uint32_t users = 4'096;
  // Without an order for so long, what was made ahead of workers goes: it has memory and processes.
  std::chrono::milliseconds rest_after = std::chrono::minutes(10);
};

// Serves until the socket ends. Returns the exit status of the process.
int run(os::Fd socket, const Options& options = {});

}  // namespace mortise::runtime::launcher
