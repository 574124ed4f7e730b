// Unix socket pairs, whole messages, and file descriptors that travel with them.
//
// Nothing here ever raises SIGPIPE: a peer that is gone is an answer (Io::closed), not a signal.
#pragma once

#include <sys/uio.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "os/fd.h"

namespace mortise::os {

enum class SocketKind { stream, packet };  // packet: SOCK_SEQPACKET, one send is one receive

[[nodiscard]] std::pair<Fd, Fd> socket_pair(SocketKind kind);
// Asks for larger socket buffers; the kernel may give less.
void set_buffers(const Fd& socket, int bytes) noexcept;

enum class Io { done, would_block, closed };

struct Transfer {
  Io io = Io::done;
  std::size_t bytes = 0;
};

// One send without waiting. The descriptors travel with the first byte. Sends less than all when the buffer is full;
// a closed peer is Io::closed. Throws Error for anything else.
[[nodiscard]] Transfer send_some(int socket, std::span<const iovec> parts, std::span<const int> descriptors);

enum class Wait { no, yes };  // yes: as long as the socket's receive timeout, see set_receive_timeout

// One recvmsg. Descriptors that come are appended to `descriptors`, close-on-exec. Throws
// Error{invalid} when more came than `max_descriptors` (all of them are closed then).
inline constexpr std::size_t max_passed_descriptors = 64;
[[nodiscard]] Transfer receive_some(int socket, std::span<std::byte> into, std::vector<Fd>& descriptors,
                                    std::size_t max_descriptors = max_passed_descriptors, Wait wait = Wait::no);
void set_receive_timeout(const Fd& socket, std::chrono::milliseconds timeout);

// The same until everything went, waiting as long as it takes up to `timeout`. Return false when the peer is gone;
// throw Error{timeout}.
bool send_all(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors,
              std::chrono::milliseconds timeout);

// Waits until the descriptor can be read (or has ended). False: it took longer.
[[nodiscard]] bool wait_readable(int descriptor, std::chrono::milliseconds timeout);

void set_nonblocking(int descriptor);

}  // namespace mortise::os
