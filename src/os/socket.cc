#include "os/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace mortise::os {
namespace {

using Control = std::array<std::byte, CMSG_SPACE(max_passed_descriptors * sizeof(int))>;

void attach(msghdr& message, Control& control, std::span<const int> descriptors) {
  const std::size_t bytes = descriptors.size_bytes();
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(header), descriptors.data(), bytes);
}

// Takes over all descriptors of a received message.
std::vector<Fd> detach(msghdr& message) {
  std::vector<Fd> found;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
      found.emplace_back(descriptor);
    }
  }
  return found;
}

bool wait_for(int descriptor, short events, std::chrono::steady_clock::time_point until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd entry{descriptor, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw system_error("cannot wait for a socket", "");
    if (ready == 0 && left.count() <= 0) return false;
  }
}

}  // namespace

std::pair<Fd, Fd> socket_pair(SocketKind kind) {
  std::array<int, 2> ends{};
  const int type = kind == SocketKind::stream ? SOCK_STREAM : SOCK_SEQPACKET;
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) throw system_error("cannot make a socket pair", "");
  return {Fd(ends[0]), Fd(ends[1])};
}

void set_buffers(const Fd& socket, int bytes) noexcept {
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

Transfer send_some(int socket, std::span<const iovec> parts, std::span<const int> descriptors) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  alignas(cmsghdr) Control control;
  if (descriptors.size() > max_passed_descriptors) {
    throw Error(Code::internal, std::to_string(descriptors.size()) + " descriptors for one message; " +
                                    std::to_string(max_passed_descriptors) + " are the most");
  }
  if (!descriptors.empty()) attach(message, control, descriptors);
  const bool plain = parts.size() == 1 && descriptors.empty();  // most messages; the simpler call is the quicker one
  while (true) {
    constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    const ssize_t sent = plain ? ::send(socket, parts[0].iov_base, parts[0].iov_len, flags) : ::sendmsg(socket, &message, flags);
    if (sent >= 0) return {Io::done, static_cast<std::size_t>(sent)};
    switch (errno) {
      case EINTR: continue;
      case EAGAIN: return {Io::would_block, 0};
      case EPIPE:
      case ECONNRESET:
      case ENOTCONN: return {Io::closed, 0};
      default: throw system_error("cannot send on a socket", "");
    }
  }
}

Transfer receive_some(int socket, std::span<std::byte> into, std::vector<Fd>& descriptors, std::size_t max_descriptors,
                      Wait wait) {
  iovec part{into.data(), into.size()};
  alignas(cmsghdr) Control control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  while (true) {
    const ssize_t got = ::recvmsg(socket, &message, (wait == Wait::no ? MSG_DONTWAIT : 0) | MSG_CMSG_CLOEXEC);
    if (got < 0) {
      switch (errno) {
        case EINTR: continue;
        case EAGAIN: return {Io::would_block, 0};
        case ECONNRESET: return {Io::closed, 0};
        default: throw system_error("cannot receive from a socket", "");
      }
    }
    if (message.msg_controllen > 0) {
      std::vector<Fd> came = detach(message);
      if (came.size() + descriptors.size() > max_descriptors || (message.msg_flags & MSG_CTRUNC) != 0) {
        throw Error(Code::invalid, "more than " + std::to_string(max_descriptors) + " descriptors came with a message");
      }
      for (Fd& one : came) descriptors.push_back(std::move(one));
    }
    if ((message.msg_flags & MSG_TRUNC) != 0) throw Error(Code::invalid, "a message of more than " + std::to_string(into.size()) + " bytes came");
    return {got == 0 ? Io::closed : Io::done, static_cast<std::size_t>(got)};
  }
}

bool send_all(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors,
              std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (!bytes.empty()) {
    const iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    const Transfer step = send_some(socket, std::span(&part, 1), descriptors);
    if (step.io == Io::closed) return false;
    if (step.bytes > 0) descriptors = {};
    bytes = bytes.subspan(step.bytes);
    if (step.io == Io::would_block && !wait_for(socket, POLLOUT, until)) {
      throw Error(Code::timeout, "a peer took nothing for " + std::to_string(timeout.count()) + " ms");
    }
  }
  return true;
}

bool wait_readable(int descriptor, std::chrono::milliseconds timeout) {
  return wait_for(descriptor, POLLIN, std::chrono::steady_clock::now() + timeout);
}

void set_receive_timeout(const Fd& socket, std::chrono::milliseconds timeout) {
  timeval time{};
  time.tv_sec = timeout.count() / 1000;
  time.tv_usec = timeout.count() % 1000 * 1000;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) != 0) throw system_error("cannot limit the waiting on a socket", "");
}

void set_nonblocking(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
    throw system_error("cannot make a descriptor non-blocking", "");
  }
}

}  // namespace mortise::os
