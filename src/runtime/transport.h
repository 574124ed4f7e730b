// How frames travel between the host and a worker (docs/worker-protocol.md, section 6).
#pragma once

namespace mortise::runtime {

enum class Transport {
  automatic,  // through the ring in shared memory where the worker can, else over the socket
  socket,     // always over the socket
  ring,       // through the ring; a worker that cannot does not start
};

}  // namespace mortise::runtime
