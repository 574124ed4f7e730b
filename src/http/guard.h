// Who is let through the door.
//
// A page in the operator's browser can send requests to loopback ports. Two headers that it cannot forge stop it: `Host`
// must name this machine (or a configured name), which defeats DNS rebinding, and `Origin`, when there is one, must be
// the very address that was asked, or a configured one. Requests over the Unix socket come from no browser and are not
// asked for either.
#pragma once

#include <string>
#include <vector>

#include "http/message.h"
#include "http/router.h"

namespace mortise::http {

struct GuardOptions {
  std::vector<std::string> hosts;    // names beside localhost, 127.0.0.1 and ::1, without port
  std::vector<std::string> origins;  // "https://tools.example", beside the address itself
};

class Guard {
 public:
  explicit Guard(GuardOptions options);

  // Throws Error{invalid} when Host is missing or malformed, Error{denied} when it or Origin is foreign. `authority` is
  // that of an absolute request target, which takes the place of Host.
  void admit(const Request& request, const std::string& authority) const;

 private:
  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
};

// Throws Error{denied} when the principal may not use a route of this scope.
void authorize(Principal principal, Scope scope);

// Throws Error{denied} unless the address can be reached from this machine only.
void require_loopback(const std::string& host);

}  // namespace mortise::http
