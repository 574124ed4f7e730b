#include "runtime/egress/connector.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <string>

namespace mortise::runtime::egress {
namespace {

constexpr int patience = 60'000;  // ms, for a connection to stand; the plugin's own deadline usually comes first

struct Target {
  IpAddress address;
  std::uint16_t port = 0;
};

std::optional<Target> target_of(const sockaddr_storage& address, socklen_t size) {
  if (address.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in four{};
    ::memcpy(&four, &address, sizeof four);
    return Target{IpAddress::of_ipv4(ntohl(four.sin_addr.s_addr)), ntohs(four.sin_port)};
  }
  if (address.ss_family == AF_INET6 && size >= offsetof(sockaddr_in6, sin6_scope_id)) {
    sockaddr_in6 six{};
    ::memcpy(&six, &address, std::min<std::size_t>(sizeof six, size));
    Target target;
    ::memcpy(target.address.bytes.data(), &six.sin6_addr, target.address.bytes.size());
    target.port = ntohs(six.sin6_port);
    return target;
  }
  return std::nullopt;
}

int option_of(int socket, int name) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

std::uint64_t namespace_of(int socket) noexcept {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  return ::getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

// One of ours, that took the place of the worker's before. Unknown counts as such.
bool is_of_the_host(int socket) {
  static const std::uint64_t own = [] {
    const os::Fd probe(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return namespace_of(probe.get());
  }();
  const std::uint64_t its = namespace_of(socket);
  return its == 0 || own == 0 || its == own;
}

// What programs set before they connect.
void copy_options(int from, int to) noexcept {
  struct Option {
    int level, name;
  };
  constexpr std::array options{Option{SOL_SOCKET, SO_KEEPALIVE},    Option{SOL_SOCKET, SO_RCVBUF},
                               Option{SOL_SOCKET, SO_SNDBUF},       Option{SOL_SOCKET, SO_LINGER},
                               Option{SOL_SOCKET, SO_RCVTIMEO},     Option{SOL_SOCKET, SO_SNDTIMEO},
                               Option{IPPROTO_TCP, TCP_NODELAY},    Option{IPPROTO_TCP, TCP_KEEPIDLE},
                               Option{IPPROTO_TCP, TCP_KEEPINTVL},  Option{IPPROTO_TCP, TCP_KEEPCNT},
                               Option{IPPROTO_TCP, TCP_USER_TIMEOUT}};
  for (const Option& option : options) {
    std::array<char, 64> value{};
    auto size = static_cast<socklen_t>(value.size());
    const bool buffer = option.level == SOL_SOCKET && (option.name == SO_RCVBUF || option.name == SO_SNDBUF);
    if (buffer || ::getsockopt(from, option.level, option.name, value.data(), &size) != 0) continue;  // those grow by themselves
    ::setsockopt(to, option.level, option.name, value.data(), size);
  }
}

}  // namespace

void Connector::serve(const ConnectRequest& request) const noexcept {
  int error = EACCES;
  try {
    error = request.problem() != 0 ? request.problem() : carry_out(request);
  } catch (const std::exception&) {  // out of memory: refused
  }
  request.answer(error);
}

int Connector::carry_out(const ConnectRequest& request) const {
  const int domain = option_of(request.socket(), SO_DOMAIN);
  if (domain < 0) return ENOTSOCK;
  if (domain == AF_UNIX) return connect_unix(request);
  if (is_of_the_host(request.socket())) return request.address().ss_family == AF_UNSPEC ? EOPNOTSUPP : EISCONN;
  if (domain != AF_INET && domain != AF_INET6) return EACCES;
  const int type = option_of(request.socket(), SO_TYPE);
  if (type == SOCK_STREAM) return connect_outside(request);
  return type == SOCK_DGRAM ? connect_inside(request) : EACCES;
}

// The worker's own socket, in its own namespace. A worker that does not accept keeps this thread until it ends.
int Connector::connect_inside(const ConnectRequest& request) const {
  const auto* address = reinterpret_cast<const sockaddr*>(&request.address());
  return ::connect(request.socket(), address, request.address_size()) == 0 ? 0 : errno;
}

int Connector::deny(const IpAddress& address, std::uint16_t port) const {
  const std::string where = rules_.describe(address, port);
  denied_({"network to " + where, "network=" + where});
  return EACCES;
}

int Connector::connect_outside(const ConnectRequest& request) const {
  const auto target = target_of(request.address(), request.address_size());
  if (!target) return connect_inside(request);  // AF_UNSPEC, or an error for the worker
  const bool allowed = rules_.allows(target->address, target->port);
  if (!allowed && target->address.is_loopback()) {
    const int error = finish(request.socket(), reinterpret_cast<const sockaddr*>(&request.address()), request.address_size());
    return error == ECONNREFUSED ? deny(target->address, target->port) : error;
  }
  if (!allowed) return deny(target->address, target->port);
  const os::Fd outside(::socket(request.address().ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!outside) return errno;
  copy_options(request.socket(), outside.get());
  const int error =
      finish(outside.get(), reinterpret_cast<const sockaddr*>(&request.address()), request.address_size());
  if (error != 0) return error;
  const int flags = ::fcntl(request.socket(), F_GETFL);
  if (flags < 0 || ::fcntl(outside.get(), F_SETFL, flags & O_NONBLOCK) != 0) return EACCES;
  return request.replace(outside) ? 0 : EBADF;
}

// Only a connection that stands is handed over: a socket that is not connected could be led elsewhere.
int Connector::finish(int socket, const sockaddr* address, socklen_t size) const {
  if (::connect(socket, address, size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  std::array<pollfd, 2> wanted{{{socket, POLLOUT, 0}, {stop_, POLLIN, 0}}};
  const int ready = ::poll(wanted.data(), wanted.size(), patience);
  if (ready < 0) return errno;
  if (ready == 0) return ETIMEDOUT;
  if (wanted[1].revents != 0) return ECONNABORTED;
  return option_of(socket, SO_ERROR);
}

// Below the worker's own root, whatever links lie there. Names without a place in the file system belong to the socket's
// own network namespace.
int Connector::connect_unix(const ConnectRequest& request) const {
  sockaddr_un address{};
  ::memcpy(&address, &request.address(), std::min<std::size_t>(sizeof address, request.address_size()));
  if (address.sun_family != AF_UNIX || request.address_size() <= offsetof(sockaddr_un, sun_path)) return EINVAL;
  if (address.sun_path[0] == '\0') return is_of_the_host(request.socket()) ? EACCES : connect_inside(request);
  const std::size_t room = request.address_size() - offsetof(sockaddr_un, sun_path);
  const std::string path(address.sun_path, ::strnlen(address.sun_path, std::min(room, sizeof address.sun_path)));
  if (path.front() != '/') return EACCES;
  const os::Fd root = request.root();
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const os::Fd place(static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
  if (!place) return errno;
  sockaddr_un through{};
  through.sun_family = AF_UNIX;
  const std::string link = "/proc/self/fd/" + std::to_string(place.get());
  ::memcpy(through.sun_path, link.c_str(), link.size() + 1);
  return ::connect(request.socket(), reinterpret_cast<const sockaddr*>(&through), sizeof through) == 0 ? 0 : errno;
}

}  // namespace mortise::runtime::egress
