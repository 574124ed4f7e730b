#include "http/guard.h"

#include <algorithm>

#include "base/error.h"
#include "http/uri.h"

namespace mortise::http {
namespace {

std::string shown(std::string_view text) { return std::string(text.substr(0, 200)); }

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

Guard::Guard(GuardOptions options) : hosts_(std::move(options.hosts)), origins_(std::move(options.origins)) {
  hosts_.insert(hosts_.end(), {"localhost", "127.0.0.1", "::1"});
}

void Guard::admit(const Request& request, const std::string& authority) const {
  if (request.principal == Principal::operator_) return;
  const auto count = std::count_if(request.headers.begin(), request.headers.end(),
                                   [](const auto& header) { return header.first == "host"; });
  const std::string_view host = authority.empty() ? request.header("host") : std::string_view(authority);
  const auto parsed = parse_authority(host);
  if (count > 1 || !parsed) {
    throw Error(Code::invalid, "the request needs one valid Host header, got '" + shown(host) + "'")
        .with("key", "Host")
        .with("got", shown(host));
  }
  if (!contains(hosts_, parsed->host)) {
    throw Error(Code::denied, "Host '" + shown(host) + "' is not this machine",
                "use http://localhost, or add the name to server.allowed_hosts")
        .with("key", "Host")
        .with("got", shown(host));
  }
  const std::string_view origin = request.header("origin");
  if (origin.empty() || origin == "http://" + std::string(host) || contains(origins_, origin)) return;
  throw Error(Code::denied, "Origin '" + shown(origin) + "' may not use this server",
              "add it to server.allowed_origins if you trust that site with all that you can do here")
      .with("key", "Origin")
      .with("got", shown(origin));
}

void authorize(Principal principal, Scope scope) {
  if (scope != Scope::operate || principal == Principal::operator_) return;
  throw Error(Code::denied, "this route is for the operator alone",
              "use the mortise command on this machine, which speaks to the server's own socket");
}

void require_loopback(const std::string& host) {
  const bool ipv4 = host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3;
  if (host == "localhost" || host == "::1" || ipv4) return;
  throw Error(Code::denied, "refusing to listen on '" + host + "': it can be reached from other machines",
              "listen on 127.0.0.1 (the default) and put a tunnel or a proxy with TLS in front; other addresses need "
              "TLS and a token")
      .with("key", "server.host")
      .with("expected", "localhost, 127.x.x.x or ::1")
      .with("got", host);
}

}  // namespace mortise::http
