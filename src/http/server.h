// The HTTP/1.1 server: one I/O thread for all connections, a few worker threads for the handlers that block.
//
// Promises:
//   - No client can hold more than one connection's worth of memory: headers, bodies, pipelined requests and streams
//     that are not read are all bounded, and so is the time that each may take.
//   - A request that was begun is answered before stop() returns, within its grace; then everything is closed.
//   - Handlers' exceptions become error answers; none reaches the I/O thread.
// Set aside: a thread per connection (server-sent events would cost one each), and several I/O threads (one serves far
// more than the plugins behind it can).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/guard.h"
#include "http/message.h"
#include "http/router.h"

namespace mortise::http {

struct Endpoint {
  std::string host;        // "localhost", an IPv4 or an IPv6 address; other than loopback only with TLS
  std::uint16_t port = 0;  // 0: any free one
};
enum class UrlScheme : std::uint8_t { http, https };
[[nodiscard]] std::string url_of(const Endpoint& endpoint, UrlScheme scheme = UrlScheme::http);  // "http://[::1]:8080"

struct ServerOptions {
  std::vector<Endpoint> listen;
  std::string unix_socket;  // path; empty: none. A file that is there already is replaced: the caller owns the lock
  GuardOptions guard;

  enum class Loopback : std::uint8_t { may_run, needs_token };
  Loopback loopback = Loopback::may_run;  // what a request over loopback may do without a token
  // Whom a token was made for; nothing when it is not valid. Called on the I/O thread: quick.
  std::function<std::optional<Holder>(std::string_view token)> holder = [](std::string_view) {
    return std::optional<Holder>();
  };
  std::string certificate, key;  // PEM files; empty: no TLS
  double rate_limit = 0;         // requests per second of a token, or an address without one; 0: no limit
  double rate_burst = 0;         // 0: twice the limit

  std::size_t max_header = 16 * 1024;                   // 431 beyond
  std::uint64_t max_body = 64 * 1024 * 1024;            // 413 beyond
  std::uint64_t max_upload = std::uint64_t{10} << 30U;  // of routes with a receiver
  std::size_t max_connections = 512;                    // 503 beyond
  std::size_t worker_threads = 8;
  std::size_t max_queued = 256;                      // requests that wait for a worker thread; 503 beyond
  std::size_t max_waiting = 128;                     // handlers that wait, and streams; 503 beyond
  std::chrono::milliseconds idle_timeout{60'000};    // between two requests of a connection
  std::chrono::milliseconds header_timeout{10'000};  // for a whole header
  std::chrono::milliseconds stall_timeout{30'000};   // added to what a body or an answer takes at 64 KiB/s
  std::chrono::milliseconds heartbeat{15'000};       // on silent streams
};

// What the server tells about its work. Called on any thread; must be quick and must not throw.
struct ServerEvents {
  struct Answered {
    const Request& request;
    const Route* route;  // null when none matched
    int status;
    std::uint64_t bytes;  // of the body, 0 for a stream
    std::chrono::nanoseconds elapsed;
  };
  std::function<void(const Answered&)> answered = [](const Answered&) {};
  std::function<void(const Error&)> failed = [](const Error&) {};  // defects: what a handler threw that it should not
};

class Server {
 public:
  // The router must outlive the server.
  Server(const Router& router, ServerOptions options, ServerEvents events = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // stop() without grace

  // Binds everything, then begins to answer. Throws Error that names the address: `denied` when it is not loopback,
  // `conflict` when it is in use, `invalid` for a certificate that cannot be used. Nothing stays bound after a failure.
  void start();
  // Where it listens, with the real ports. After start().
  [[nodiscard]] const std::vector<Endpoint>& endpoints() const noexcept;
  [[nodiscard]] std::size_t connections() const noexcept;
  // Where it listens, its socket, and its numbers of connections and threads stay; all else changes for the next request.
  // Throws Error{invalid}, and changes nothing, when the certificate cannot be used.
  void configure(const ServerOptions& options);

  // Closes the doors, lets the requests in hand finish for at most `grace`, then cuts them off. Idempotent.
  void stop(std::chrono::milliseconds grace);

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace mortise::http
