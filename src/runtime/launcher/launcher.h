// The launcher: the small process that starts workers, so that the server never forks.
//
// It is single-threaded, holds no data, and lives as long as its socket. When the socket ends (the server stopped, or was
// killed), it kills every worker with all its descendants and exits; when the launcher itself is killed, the kernel kills
// the workers. It is the reaper of its descendants: what a worker leaves behind, in whatever session or group, becomes its
// child and is killed with the worker. A bad request is refused and never ends it.
#pragma once

#include "os/fd.h"

namespace mortise::runtime::launcher {

// Serves until the socket ends. Returns the exit status of the process.
int run(os::Fd socket);

}  // namespace mortise::runtime::launcher
