// ConnectRequest: one connect() of a worker that waits for our answer.
#pragma once

#include <linux/seccomp.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "os/fd.h"

namespace mortise::runtime::egress {

class ConnectRequest {
 public:
  // Takes the next one; nothing when there is none, or when its process ended meanwhile.
  [[nodiscard]] static std::optional<ConnectRequest> take(int listener);

  [[nodiscard]] const sockaddr_storage& address() const noexcept { return address_; }
  [[nodiscard]] socklen_t address_size() const noexcept { return address_size_; }
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }  // the worker's, shared with us
  [[nodiscard]] int problem() const noexcept { return problem_; }      // what connect() must fail with; 0: none
  // The root folder of the asking process. An empty Fd when it is gone.
  [[nodiscard]] os::Fd root() const;

  // connect() returns: 0, or fails with this errno.
  void answer(int error) const noexcept;
  // Puts `connected` in the place of the worker's socket. False when the worker is gone.
  [[nodiscard]] bool replace(const os::Fd& connected) const noexcept;

 private:
  ConnectRequest(int listener, const seccomp_notif& notice) noexcept
      : listener_(listener), id_(notice.id), thread_(static_cast<std::int32_t>(notice.pid)) {}
  void read(const seccomp_notif& notice);
  [[nodiscard]] bool alive() const noexcept;

  int listener_;
  std::uint64_t id_;
  std::int32_t thread_;
  int number_ = -1;  // of the descriptor, in the worker
  os::Fd socket_;
  bool close_on_exec_ = false;
  sockaddr_storage address_{};
  socklen_t address_size_ = 0;
  int problem_ = 0;
};

}  // namespace mortise::runtime::egress
