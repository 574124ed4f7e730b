// Requests for /health against an HTTP server that could not do less.
#include <arpa/inet.h>
#include <csignal>
#include <netinet/tcp.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/floors.h"
#include "bench/measure.h"
#include "os/process.h"

namespace bench = mortise::bench;

namespace {

// `mortise serve` on a port of its own, with a data folder that is thrown away.
class Server {
 public:
  Server() {
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("mkdtemp");
    const std::string program = std::filesystem::path(mortise::os::own_executable()).parent_path() / "mortise";
    const std::string data_dir = folder_ + "/data";
    std::array<int, 2> output{};
    if (::pipe(output.data()) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    std::vector<const char*> command{program.c_str(), "serve", "--host", "127.0.0.1", "--port", "0",
                                     "--data-dir", data_dir.c_str(), nullptr};
    if (::posix_spawn(&pid_, command[0], &actions, nullptr, const_cast<char**>(command.data()), environ) != 0) {
      throw std::runtime_error("cannot start " + program);
    }
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(output[1]);
    port_ = announced_port(output[0]);
  }
  ~Server() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  static std::uint16_t announced_port(int output) {
    std::string said;
    for (std::array<char, 512> text{};;) {
      const ssize_t count = ::read(output, text.data(), text.size());
      if (count <= 0) throw std::runtime_error("the server said no address, only: " + said);
      said.append(text.data(), static_cast<std::size_t>(count));
      const std::size_t at = said.find("http://127.0.0.1:");
      if (at == std::string::npos || said.find('\n', at) == std::string::npos) continue;
      return static_cast<std::uint16_t>(std::atoi(said.c_str() + at + 17));
    }
  }

  std::string folder_ = std::filesystem::temp_directory_path() / "mortise-bench-XXXXXX";
  pid_t pid_ = 0;
  std::uint16_t port_ = 0;
};

// A client that keeps some connections open, each with one request under way.
class Client {
 public:
  Client(std::uint16_t port, std::size_t connections) : poll_(::epoll_create1(EPOLL_CLOEXEC)) {
    request_ = "GET /health HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n\r\n";
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    for (std::size_t i = 0; i < connections; ++i) {
      const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) throw std::runtime_error("connect");
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      ::epoll_ctl(poll_, EPOLL_CTL_ADD, socket, &event);
      connections_.push_back({socket, {}});
    }
  }
  ~Client() {
    for (const Connection& connection : connections_) ::close(connection.socket);
    ::close(poll_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // One request and its answer on the first connection.
  void ask_once() {
    send(connections_[0]);
    while (!receive(connections_[0])) {
    }
  }

  // Answers per second, over this time.
  double rate(std::chrono::duration<double> time) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begin = Clock::now();
    std::size_t answers = 0;
    for (Connection& connection : connections_) send(connection);
    std::size_t open = connections_.size();
    std::array<epoll_event, 64> events{};
    while (open > 0) {
      const int ready = ::epoll_wait(poll_, events.data(), events.size(), 5'000);
      if (ready <= 0) throw std::runtime_error("the server does not answer");
      const bool over = Clock::now() - begin > time;
      for (int i = 0; i < ready; ++i) {
        Connection& connection = connections_[events[static_cast<std::size_t>(i)].data.u64];
        if (!receive(connection)) continue;
        ++answers;
        if (over) {
          --open;
        } else {
          send(connection);
        }
      }
    }
    return static_cast<double>(answers) / std::chrono::duration<double>(Clock::now() - begin).count();
  }

 private:
  struct Connection {
    int socket;
    std::string received;
  };

  void send(const Connection& connection) {
    if (::write(connection.socket, request_.data(), request_.size()) < 0) throw std::runtime_error("write");
  }

  // True when a whole answer has come.
  static bool receive(Connection& connection) {
    std::array<char, 4096> text{};
    const ssize_t count = ::read(connection.socket, text.data(), text.size());
    if (count <= 0) throw std::runtime_error("the server closed the connection");
    std::string& received = connection.received;
    received.append(text.data(), static_cast<std::size_t>(count));
    const std::size_t head = received.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    if (!received.starts_with("HTTP/1.1 200 ")) throw std::runtime_error("the server said " + received);
    const std::size_t length = received.find("Content-Length: ");
    std::size_t body = 0;
    if (length != std::string::npos) std::from_chars(received.data() + length + 16, received.data() + head, body);
    if (received.size() < head + 4 + body) return false;
    received.clear();
    return true;
  }

  int poll_;
  std::string request_;
  std::vector<Connection> connections_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const bench::BareHttpServer bare;  // forks: first of all
  const Server server;
  bench::Report report;

  Client bare_one(bare.port(), 1);
  Client one(server.port(), 1);
  report.add("HTTP GET /health, one at a time", "a bare epoll server",
             bench::in_turns({.rounds = 9, .samples = 2000}, [&] { bare_one.ask_once(); }, [&] { one.ask_once(); }));

  Client bare_many(bare.port(), 32);
  Client many(server.port(), 32);
  std::vector<double> floors, rates;
  for (int round = 0; round < 6; ++round) {
    floors.push_back(bare_many.rate(std::chrono::seconds(1)));
    rates.push_back(many.rate(std::chrono::seconds(1)));
  }
  report.add_rate("HTTP GET /health, 32 connections", "a bare epoll server", "req/s", median(rates), median(floors));
  return report.finish(argc, argv);
}
