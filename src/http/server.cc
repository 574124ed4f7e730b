#include "http/server.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "http/server_core.h"

namespace mortise::http {
namespace {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using Tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;

// Connections above the limit that still get a "busy" answer; those above this are closed at once.
constexpr std::size_t refusals_at_once = 32;

Tcp::endpoint resolve(const Endpoint& endpoint, Transport transport) {
  require_private(endpoint.host, transport);
  Failure failure;
  const auto address = asio::ip::make_address(endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host, failure);
  if (failure) {
    throw Error(Code::invalid, "'" + endpoint.host + "' is not an address", "use localhost, 127.0.0.1 or ::1")
        .with("key", "server.host")
        .with("got", endpoint.host);
  }
  return {address, endpoint.port};
}

Error cannot_listen(const std::string& where, const Failure& failure) {
  if (failure == asio::error::address_in_use) {
    return Error(Code::conflict, "cannot listen on " + where + ": another program listens there already",
                 "choose another port with --port, or find that program with `ss -ltnp`")
        .with("key", "server.port")
        .with("got", where);
  }
  return Error(failure == asio::error::access_denied ? Code::denied : Code::invalid,
               "cannot listen on " + where + ": " + failure.message())
      .with("got", where);
}

}  // namespace

std::string url_of(const Endpoint& endpoint, UrlScheme scheme) {
  const bool ipv6 = endpoint.host.find(':') != std::string::npos;
  return (scheme == UrlScheme::https ? "https://" : "http://") + (ipv6 ? "[" + endpoint.host + "]" : endpoint.host) +
         ":" + std::to_string(endpoint.port);
}

// One socket that listens, of either family.
template <typename Protocol>
class Listener : public std::enable_shared_from_this<Listener<Protocol>> {
 public:
  using Admit = std::function<void(typename Protocol::socket)>;
  Listener(asio::io_context& io, Admit admit) : acceptor_(io), pause_(io), admit_(std::move(admit)) {}

  [[nodiscard]] typename Protocol::acceptor& acceptor() noexcept { return acceptor_; }

  void accept() {
    acceptor_.async_accept([self = this->shared_from_this()](Failure failure, typename Protocol::socket socket) {
      if (!self->acceptor_.is_open()) return;
      if (failure) return self->accept_later();
      if constexpr (std::is_same_v<Protocol, Tcp>) {
        Failure ignored;
        socket.set_option(Tcp::no_delay(true), ignored);
      }
      self->admit_(std::move(socket));
      self->accept();
    });
  }

  void close() {
    Failure ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

 private:
  // Out of descriptors, most likely: trying at once would spin.
  void accept_later() {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([self = this->shared_from_this()](Failure failure) {
      if (!failure && self->acceptor_.is_open()) self->accept();
    });
  }

  typename Protocol::acceptor acceptor_;
  asio::steady_timer pause_;
  Admit admit_;
};

class Server::Core : public ServerCore {
 public:
  using ServerCore::ServerCore;

  void open() {
    if (!options.certificate.empty()) tls = make_tls(options.certificate, options.key);
    rate.set(options.rate_limit, options.rate_burst != 0 ? options.rate_burst : 2 * options.rate_limit);
    for (const Endpoint& endpoint : options.listen) open_tcp(endpoint);
    if (!options.unix_socket.empty()) open_unix();
    for (const auto& listener : tcp_) listener->accept();
    if (unix_ != nullptr) unix_->accept();
    thread_ = std::thread([this] { io.run(); });
  }

  void close(std::chrono::milliseconds grace) {
    if (!thread_.joinable()) return;
    asio::post(io, [this] { drain(); });
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (connections.load() > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    asio::post(io, [this] { cut_all(); });
    workers.stop();
    waiters.stop();
    work_.reset();
    thread_.join();
  }

  // The certificate is read here, where its error can be told; the rest happens where the sessions live.
  void configure(ServerOptions fresh) {
    const bool encrypted = !options.certificate.empty();  // this never changes: the doors stay what they are
    TlsContext context = encrypted && !fresh.certificate.empty() ? make_tls(fresh.certificate, fresh.key) : nullptr;
    asio::post(io, [this, fresh = std::move(fresh), context = std::move(context)]() mutable {
      fresh.listen = options.listen;
      fresh.unix_socket = options.unix_socket;
      fresh.max_connections = options.max_connections;
      fresh.worker_threads = options.worker_threads;
      fresh.max_queued = options.max_queued;
      fresh.max_waiting = options.max_waiting;
      if (context == nullptr) {
        fresh.certificate = options.certificate;
        fresh.key = options.key;
      } else {
        tls = std::move(context);
      }
      options = std::move(fresh);
      guard.emplace(options.guard);
      rate.set(options.rate_limit, options.rate_burst != 0 ? options.rate_burst : 2 * options.rate_limit);
    });
  }

  std::vector<Endpoint> endpoints;

 private:
  void open_tcp(const Endpoint& endpoint) {
    const Tcp::endpoint where = resolve(endpoint, tls != nullptr ? Transport::encrypted : Transport::plain);
    auto listener = std::make_shared<Listener<Tcp>>(io, [this](Tcp::socket socket) {
      Failure failure;
      const auto remote = socket.remote_endpoint(failure);
      if (!failure) admit(std::move(socket), peer_at(remote.address()));
    });
    Tcp::acceptor& acceptor = listener->acceptor();
    Failure failure;
    acceptor.open(where.protocol(), failure);
    if (!failure) acceptor.set_option(Tcp::acceptor::reuse_address(true), failure);
    if (!failure && where.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), failure);
    if (!failure) acceptor.bind(where, failure);
    if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
    if (failure) throw cannot_listen(url_of(endpoint), failure);
    endpoints.push_back({endpoint.host, acceptor.local_endpoint().port()});
    tcp_.push_back(std::move(listener));
  }

  // A socket address holds 107 bytes; through the folder's descriptor any path fits.
  void open_unix() {
    const std::filesystem::path path = options.unix_socket;
    const int folder = ::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) throw cannot_listen(path.string(), Failure(errno, boost::system::system_category()));
    const std::string address = "/proc/self/fd/" + std::to_string(folder) + "/" + path.filename().string();
    ::unlink(address.c_str());
    auto listener = std::make_shared<Listener<Local>>(io, [this](auto socket) {
      admit(std::move(socket), Peer{Peer::Door::unix_socket, {}});
    });
    Local::acceptor& acceptor = listener->acceptor();
    Failure failure;
    acceptor.open(Local(), failure);
    if (!failure) acceptor.bind(Local::endpoint(address), failure);
    // Nobody can connect before listen(), so nobody slips in before the mode is set.
    if (!failure && ::chmod(address.c_str(), 0600) != 0) failure = Failure(errno, boost::system::system_category());
    if (!failure) acceptor.listen(asio::socket_base::max_listen_connections, failure);
    ::close(folder);
    if (failure) throw cannot_listen(path.string(), failure);
    unix_ = std::move(listener);
  }

  static Peer peer_at(const asio::ip::address& address) {
    const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
    const bool local = address.is_loopback() ||
                       (mapped && asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback());
    return {local ? Peer::Door::loopback : Peer::Door::network, address.to_string()};
  }

  void admit(asio::generic::stream_protocol::socket socket, Peer peer) {
    if (draining || sessions.size() >= options.max_connections + refusals_at_once) return;
    const bool full = sessions.size() >= options.max_connections;
    const std::uint64_t id = ++last_session_;
    const auto session =
        make_session(*this, id, std::move(socket), std::move(peer), full ? Admission::refusing : Admission::admitted);
    sessions.emplace(id, session);
    connections.store(sessions.size());
    session->begin();
  }

  void drain() {
    draining = true;
    for (const auto& listener : tcp_) listener->close();
    if (unix_ != nullptr) {
      unix_->close();
      ::unlink(options.unix_socket.c_str());
    }
    for (const auto& session : all()) session->drain();
  }

  void cut_all() {
    for (const auto& session : all()) session->cut();
  }

  // A copy: sessions leave the map while they close.
  [[nodiscard]] std::vector<std::shared_ptr<Session>> all() const {
    std::vector<std::shared_ptr<Session>> copies;
    copies.reserve(sessions.size());
    for (const auto& [id, session] : sessions) copies.push_back(session);
    return copies;
  }

  asio::executor_work_guard<asio::io_context::executor_type> work_{io.get_executor()};
  std::vector<std::shared_ptr<Listener<Tcp>>> tcp_;
  std::shared_ptr<Listener<Local>> unix_;
  std::uint64_t last_session_ = 0;
  std::thread thread_;
};

Server::Server(const Router& router, ServerOptions options, ServerEvents events)
    : core_(std::make_shared<Core>(router, std::move(options), std::move(events))) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

void Server::start() { core_->open(); }

const std::vector<Endpoint>& Server::endpoints() const noexcept { return core_->endpoints; }

std::size_t Server::connections() const noexcept { return core_->connections.load(); }

void Server::configure(const ServerOptions& options) { core_->configure(options); }

void Server::stop(std::chrono::milliseconds grace) { core_->close(grace); }

}  // namespace mortise::http
