// Doors: the two ways out of a worker's own, empty network namespace, made by the worker's process itself before it runs
// anybody's program, and handed to the host.
//
//   names      a UDP socket bound to 127.0.0.1:53 of the namespace: where a resolver without configuration asks
//   connects   the listener of a seccomp filter that stops every connect() and asks the host to answer it
//
// The host resolves names and makes connections itself, by its own rules, and puts the connected socket in the place of the
// worker's (egress/egress.h). So no packet of a worker is ever routed, nothing of the host's network is reachable from the
// namespace, and every language's connect() works as it stands.
//
// Both run between fork and exec: no allocation, no locks, errno says what failed.
#pragma once

namespace mortise::runtime::doors {

// In the worker's new network namespace, while it may still bind port 53 there. Brings the loopback device up. -1: failed.
[[nodiscard]] int open_names() noexcept;

// After no_new_privs and before the filter that forbids further ones. From here on connect() of this process and all that it
// starts waits for the holder of the descriptor, which is close-on-exec. -1: failed.
[[nodiscard]] int stop_connects() noexcept;

// Sends both over a socket as one message of one byte. False: failed.
[[nodiscard]] bool send_doors(int socket, int names, int connects) noexcept;

}  // namespace mortise::runtime::doors
