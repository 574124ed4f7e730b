// Who is let through the door.
//
// A page in the operator's browser can send requests to loopback ports. Two headers that it cannot forge stop it: `Host`
// must name this machine (or a configured name), which defeats DNS rebinding, and `Origin`, when there is one, must be
// the very address that was asked, or a configured one. Requests over the Unix socket come from no browser and are not
// asked for either; one with a token is none that a page could have made, and one of nobody's may do nothing.
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

// Throws Error{denied} when the asker may not use a route that needs this.
void authorize(const Request& request, Access needed);

// Whether the address can be reached from this machine only.
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;
// Throws Error{denied} for an address that other machines can reach, unless connections are encrypted.
enum class Transport : std::uint8_t { plain, encrypted };
void require_private(const std::string& host, Transport transport);

}  // namespace mortise::http
