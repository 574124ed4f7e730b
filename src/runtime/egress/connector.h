// Connector: decides about one connect() of a worker and carries it out.
#pragma once

#include <functional>

#include "runtime/egress/connect_request.h"
#include "runtime/egress/egress.h"

namespace mortise::runtime::egress {

class Connector {
 public:
  // `stop` becomes readable when everything ends. All outlive the connector.
  Connector(const Rules& rules, const Egress::OnDenied& denied, int stop) : rules_(rules), denied_(denied), stop_(stop) {}

  // Blocks until the connection stands or failed; answers the request, always.
  void serve(const ConnectRequest& request) const noexcept;

 private:
  [[nodiscard]] int carry_out(const ConnectRequest& request) const;  // the errno
  [[nodiscard]] int connect_outside(const ConnectRequest& request) const;
  [[nodiscard]] int connect_unix(const ConnectRequest& request) const;
  [[nodiscard]] int connect_inside(const ConnectRequest& request) const;
  [[nodiscard]] int finish(int socket, const sockaddr* address, socklen_t size) const;
  [[nodiscard]] int deny(const IpAddress& address, std::uint16_t port) const;

  const Rules& rules_;
  const Egress::OnDenied& denied_;
  const int stop_;
};

}  // namespace mortise::runtime::egress
