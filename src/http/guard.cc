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
  if (request.principal != Principal::local) return;  // nobody else can do anything merely by being here
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

void authorize(const Request& request, Access needed) {
  if (request.access >= needed) return;
  const std::string scope(name_of(needed));
  if (request.principal == Principal::nobody) {
    throw Error(Code::denied, "this needs a token",
                "send `Authorization: Bearer TOKEN`; `mortise token create --scope " + scope + "` makes one")
        .with("scope", scope);
  }
  if (request.principal == Principal::token) {
    throw Error(Code::denied,
                request.asker + " may " + std::string(name_of(request.access)) + ", and this needs " + scope,
                "use a token that was made with --scope " + scope)
        .with("scope", scope)
        .with("got", std::string(name_of(request.access)));
  }
  throw Error(
      Code::denied, "this route is for the operator alone: it needs the scope " + scope,
      "use the mortise command on this machine, which speaks to the server's own socket, or a token with that scope")
      .with("scope", scope);
}

bool is_loopback(std::string_view host) noexcept {
  const bool ipv4 = host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3;
  return host == "localhost" || host == "::1" || ipv4;
}

void require_private(const std::string& host, Transport transport) {
  if (is_loopback(host) || transport == Transport::encrypted) return;
  throw Error(
      Code::denied, "refusing to listen on '" + host + "': it can be reached from other machines",
      "listen on 127.0.0.1 (the default), or set server.tls.certificate and server.tls.key: requests from other "
      "machines then need a token, too")
      .with("key", "server.host")
      .with("expected", "localhost, 127.x.x.x or ::1")
      .with("got", host);
}

}  // namespace mortise::http
