// What the listener and its connections share. Internal to the server: the only header of this room that shows Asio.
//
// Everything here belongs to the I/O thread except `on_io`, the threads and the constant parts.
#pragma once

#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>

#include "http/rate_limit.h"
#include "http/server.h"
#include "http/tls.h"
#include "http/worker_threads.h"

namespace mortise::http {

class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  virtual void begin() = 0;
  virtual void answer(Response response) = 0;  // to the request in hand
  virtual void flush() = 0;                    // its stream has something to send
  virtual void drain() = 0;                    // finish the request in hand, then close
  virtual void cut() = 0;                      // close now
};

class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(const Router& routes, ServerOptions chosen, ServerEvents told)
      : router(routes),
        options(std::move(chosen)),
        events(std::move(told)),
        guard(options.guard),
        workers(options.worker_threads, options.max_queued),
        waiters(options.max_waiting, 0) {}

  const Router& router;
  ServerOptions options;  // changes on the I/O thread alone
  const ServerEvents events;
  std::optional<Guard> guard;
  TlsContext tls;  // null: plain
  RateLimit rate;
  WorkerThreads workers;  // of handlers that block
  WorkerThreads waiters;  // of handlers that wait, and of what feeds streams
  boost::asio::io_context io{1};
  std::atomic<std::size_t> connections = 0;

  using Sessions = std::map<std::uint64_t, std::shared_ptr<Session>>;
  Sessions sessions;
  bool draining = false;

  // Runs `action` with the session on the I/O thread, if both still live. From any thread.
  template <typename Action>
  static void on_io(const std::weak_ptr<ServerCore>& weak, std::uint64_t session, Action action) {
    const auto core = weak.lock();
    if (core == nullptr) return;
    boost::asio::post(core->io, [&sessions = core->sessions, session, action = std::move(action)]() mutable {
      const auto found = sessions.find(session);
      if (found == sessions.end()) return;
      const std::shared_ptr<Session> keep = found->second;
      action(*keep);
    });
  }

  // A transfer may stall for a moment, but over its whole length it must move.
  [[nodiscard]] std::chrono::steady_clock::time_point deadline_for(std::chrono::steady_clock::time_point begin,
                                                                   std::uint64_t bytes) const {
    constexpr std::uint64_t slowest_bytes_per_second = 64 * 1024;
    return begin + options.stall_timeout + std::chrono::seconds(bytes / slowest_bytes_per_second);
  }

  void forget(std::uint64_t session) {
    sessions.erase(session);
    connections.store(sessions.size());
  }
};

// `refusing`: the server is full; the session answers its first request with "busy" and closes.
enum class Admission : std::uint8_t { admitted, refusing };

// session.cc
struct Peer {
  enum class Door : std::uint8_t { unix_socket, loopback, network } door = Door::network;
  std::string address;
};
[[nodiscard]] std::shared_ptr<Session> make_session(ServerCore& core, std::uint64_t id,
                                                    boost::asio::generic::stream_protocol::socket socket, Peer peer,
                                                    Admission admission);

}  // namespace mortise::http
