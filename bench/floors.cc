#include "bench/floors.h"

#include <arpa/inet.h>
#include <csignal>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <linux/futex.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace mortise::bench {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void end_child(pid_t& child) {
  if (child <= 0) return;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  child = 0;
}

}  // namespace

// ---- ping-pong -----------------------------------------------------------------------------------------------------------

PingPong::PingPong() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) fail("socketpair");
  child_ = ::fork();
  if (child_ < 0) fail("fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(ends[0]);
    serve(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  socket_ = ends[0];
}

PingPong::~PingPong() {
  ::close(socket_);
  end_child(child_);
}

// An order says how many bytes each of the next messages has; after that the loop is read, write, read, write.
void PingPong::serve(int socket) {
  std::vector<char> buffer(1 << 20);
  const auto read_exactly = [socket](char* to, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t count = ::read(socket, to + done, bytes - done);
      if (count <= 0) ::_exit(0);
      done += static_cast<std::size_t>(count);
    }
  };
  for (;;) {
    Order order{};
    read_exactly(reinterpret_cast<char*>(&order), sizeof(order));
    if (order.echo != 0) {
      for (std::uint64_t i = 0; i < order.echo; ++i) {
        read_exactly(buffer.data(), order.bytes);
        if (::write(socket, buffer.data(), order.bytes) < 0) ::_exit(0);
      }
      continue;
    }
    for (std::uint64_t left = order.bytes; left > 0;) {
      const ssize_t count = ::read(socket, buffer.data(), std::min<std::uint64_t>(left, buffer.size()));
      if (count <= 0) ::_exit(0);
      left -= static_cast<std::uint64_t>(count);
    }
    if (::write(socket, "!", 1) < 0) ::_exit(0);
  }
}

void PingPong::write_all(const void* data, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t count = ::write(socket_, static_cast<const char*>(data) + done, bytes - done);
    if (count < 0) fail("write");
    done += static_cast<std::size_t>(count);
  }
}

void PingPong::read_all(void* data, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t count = ::read(socket_, static_cast<char*>(data) + done, bytes - done);
    if (count <= 0) fail("read");
    done += static_cast<std::size_t>(count);
  }
}

void PingPong::round_trip(std::size_t bytes) {
  constexpr std::uint64_t in_a_row = 1000;  // so that the order's own cost vanishes
  if (buffer_.size() != bytes && echoing_ > 0) throw std::logic_error("one size for each thousand round trips");
  if (echoing_ == 0) {
    const Order order{bytes, in_a_row};
    write_all(&order, sizeof(order));
    echoing_ = in_a_row;
    buffer_.resize(bytes);
  }
  write_all(buffer_.data(), bytes);
  read_all(buffer_.data(), bytes);
  --echoing_;
}

void PingPong::send_over(const std::byte* data, std::size_t bytes) {
  const Order order{bytes, 0};
  write_all(&order, sizeof(order));
  write_all(data, bytes);
  char done = 0;
  read_all(&done, 1);
}

// ---- shared memory and a futex ---------------------------------------------------------------------------------------

struct FutexPingPong::Shared {
  static constexpr std::size_t most = 64U << 10;
  alignas(64) std::uint32_t asked = 0;
  alignas(64) std::uint32_t answered = 0;
  alignas(64) std::uint64_t bytes = 0;
  std::byte there[most];
  std::byte back[most];

  static void say(std::uint32_t& word) {
    std::atomic_ref(word).fetch_add(1);
    ::syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }
  static void await(std::uint32_t& word, std::uint32_t before) {
    while (std::atomic_ref(word).load() == before) ::syscall(SYS_futex, &word, FUTEX_WAIT, before, nullptr, nullptr, 0);
  }
};

FutexPingPong::FutexPingPong() : buffer_(Shared::most) {
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) fail("mmap");
  shared_ = new (memory) Shared;
  child_ = ::fork();
  if (child_ < 0) fail("fork");
  if (child_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  serve(*shared_);
}

FutexPingPong::~FutexPingPong() {
  end_child(child_);
  ::munmap(shared_, sizeof(Shared));
}

void FutexPingPong::serve(Shared& shared) {
  std::vector<std::byte> buffer(Shared::most);
  for (std::uint32_t round = 0;; ++round) {
    Shared::await(shared.asked, round);
    std::memcpy(buffer.data(), shared.there, shared.bytes);
    std::memcpy(shared.back, buffer.data(), shared.bytes);
    Shared::say(shared.answered);
  }
}

void FutexPingPong::round_trip(std::size_t bytes) {
  const std::uint32_t before = std::atomic_ref(shared_->answered).load();
  shared_->bytes = bytes;
  std::memcpy(shared_->there, buffer_.data(), bytes);
  Shared::say(shared_->asked);
  Shared::await(shared_->answered, before);
  std::memcpy(buffer_.data(), shared_->back, bytes);
}

// ---- processes -----------------------------------------------------------------------------------------------------------

void run_to_end(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, arguments[0], nullptr, nullptr, arguments.data(), environ);
  if (error != 0) throw std::system_error(error, std::generic_category(), command[0]);
  ::waitpid(child, nullptr, 0);
}

// ---- HTTP ------------------------------------------------------------------------------------------------------------------

namespace {

// As much as a health answer has, so that both servers send about the same.
constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60\r\nServer: bare\r\n\r\n"
    "{\"status\":\"healthy\",\"time\":\"2026-01-31T12:34:56.123456789Z\"}\n";

[[noreturn]] void serve_http(int listener) {
  const int poll = ::epoll_create1(0);
  epoll_event listening{.events = EPOLLIN, .data = {.fd = listener}};
  ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &listening);
  std::array<epoll_event, 256> events{};
  std::array<char, 4096> request{};
  for (;;) {
    const int count = ::epoll_wait(poll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int ready = events[static_cast<std::size_t>(i)].data.fd;
      if (ready == listener) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        const int on = 1;
        ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        epoll_event reading{.events = EPOLLIN, .data = {.fd = client}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, client, &reading);
        continue;
      }
      const ssize_t got = ::read(ready, request.data(), request.size());
      if (got <= 0) {
        ::close(ready);
      } else if (std::string_view(request.data(), static_cast<std::size_t>(got)).ends_with("\r\n\r\n")) {
        if (::write(ready, answer.data(), answer.size()) < 0) ::close(ready);
      }
    }
  }
}

}  // namespace

BareHttpServer::BareHttpServer() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0) fail("bind");
  if (::listen(listener, 128) != 0) fail("listen");
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) fail("getsockname");
  port_ = ntohs(address.sin_port);
  child_ = ::fork();
  if (child_ < 0) fail("fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve_http(listener);
  }
  ::close(listener);
}

BareHttpServer::~BareHttpServer() { end_child(child_); }

}  // namespace mortise::bench
