#include "os/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "os/fd.h"

namespace mortise::os {

void notify_service_manager(std::string_view state) noexcept {
  const char* place = ::getenv("NOTIFY_SOCKET");
  if (place == nullptr || (place[0] != '/' && place[0] != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(place);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, place, size);
  if (place[0] == '@') address.sun_path[0] = '\0';  // a name without a file
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  (void)::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
}

std::optional<std::chrono::microseconds> watchdog_period() noexcept {
  const char* period = ::getenv("WATCHDOG_USEC");
  const char* whom = ::getenv("WATCHDOG_PID");
  if (period == nullptr || (whom != nullptr && std::atol(whom) != ::getpid())) return std::nullopt;
  const long long microseconds = std::atoll(period);
  if (microseconds <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

}  // namespace mortise::os
