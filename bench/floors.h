// Floors: the least that a thing could cost, written as bare as it gets.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mortise::bench {

// Another process at the other end of a Unix stream socket that sends back every message, with blocking calls. Make it
// before the program has threads.
class PingPong {
 public:
  PingPong();
  ~PingPong();
  PingPong(const PingPong&) = delete;
  PingPong& operator=(const PingPong&) = delete;

  // `bytes` there and back.
  void round_trip(std::size_t bytes);
  // `bytes` there, and one byte back once all have arrived.
  void send_over(const std::byte* data, std::size_t bytes);

 private:
  struct Order {
    std::uint64_t bytes;
    std::uint64_t echo;
  };
  static void serve(int socket);
  void write_all(const void* data, std::size_t bytes);
  void read_all(void* data, std::size_t bytes);

  int socket_ = -1;
  pid_t child_ = 0;
  std::size_t echoing_ = 0;
  std::vector<char> buffer_;
};

// Another process at the other end of shared memory that copies every message out and back, and sleeps on a futex between
// two. Make it before the program has threads.
class FutexPingPong {
 public:
  FutexPingPong();
  ~FutexPingPong();
  FutexPingPong(const FutexPingPong&) = delete;
  FutexPingPong& operator=(const FutexPingPong&) = delete;

  // `bytes` (at most 64 KiB) there and back.
  void round_trip(std::size_t bytes);

 private:
  struct Shared;
  static void serve(Shared& shared);
  Shared* shared_ = nullptr;
  pid_t child_ = 0;
  std::vector<std::byte> buffer_;
};

// Starts a program and waits for its end. Throws when it cannot be started.
void run_to_end(const std::vector<std::string>& command);

// An HTTP server of one thread and one epoll that answers everything with the same 200. Its port; it ends with its parent.
class BareHttpServer {
 public:
  BareHttpServer();
  ~BareHttpServer();
  BareHttpServer(const BareHttpServer&) = delete;
  BareHttpServer& operator=(const BareHttpServer&) = delete;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  std::uint16_t port_ = 0;
  pid_t child_ = 0;
};

}  // namespace mortise::bench
