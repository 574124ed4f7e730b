// A child process in a network namespace of its own, with its doors in our hands, as a worker has them.
#include "runtime/egress/egress.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "os/socket.h"
#include "runtime/doors/doors.h"

using namespace mortise;
using namespace mortise::runtime;
using egress::Egress;
using egress::Rules;

namespace {

sockaddr_in local(std::uint16_t port, const char* host = "127.0.0.1") {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host, &address.sin_addr);
  return address;
}

int connect_to(int socket, const sockaddr_in& address) {
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

// On the host's loopback: answers each connection with one byte.
struct Listener {
  Listener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in any = local(0);
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0);
    REQUIRE(::listen(socket.get(), 16) == 0);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size);
    port = ntohs(bound.sin_port);
  }
  os::Fd socket;
  std::uint16_t port = 0;
};

// Runs `act` in a worker's place; what it returns is the child's exit status. Nothing when the machine lets nobody make a
// network namespace.
std::optional<int> as_worker(std::shared_ptr<Rules> rules, const std::function<int()>& act, std::vector<egress::Denied>* denials) {
  auto [mine, its] = os::socket_pair(os::SocketKind::stream);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) ::_exit(200);
    const int names = doors::open_names();
    if (names < 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(201);
    const int connects = doors::stop_connects();
    if (connects < 0 || !doors::send_doors(its.get(), names, connects)) ::_exit(202);
    ::close(names);
    ::close(connects);
    ::alarm(20);
    ::_exit(act());
  }
  its.close();
  std::array<std::byte, 1> byte{};
  std::vector<os::Fd> got;
  std::mutex mutex;
  std::unique_ptr<Egress> egress;
  pollfd ready{mine.get(), POLLIN, 0};
  ::poll(&ready, 1, 10'000);
  const os::Transfer transfer = os::receive_some(mine.get(), byte, got);
  if (transfer.io == os::Io::done && got.size() == 2) {
    egress = std::make_unique<Egress>(std::move(got[0]), std::move(got[1]), std::move(rules), [&](const egress::Denied& one) {
      const std::lock_guard lock(mutex);
      if (denials != nullptr) denials->push_back(one);
    });
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  egress.reset();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 200) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

std::shared_ptr<Rules> rules(std::initializer_list<std::string> patterns) {
  std::vector<HostPattern> all;
  for (const std::string& text : patterns) all.push_back(HostPattern::parse(text));
  return std::make_shared<Rules>(false, std::move(all));
}

void expect_status(const std::optional<int>& status, int wanted) {
  if (!status) {
    MESSAGE("this machine lets nobody make a network namespace: not shown here");
    return;
  }
  CHECK(*status == wanted);
}

int stream() { return ::socket(AF_INET, SOCK_STREAM, 0); }

}  // namespace

TEST_CASE("a connection that a rule allows reaches the host's network, with the options the worker set") {
  const Listener listener;
  const auto act = [&] {
    const int socket = stream();
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (connect_to(socket, local(listener.port)) != 0) return 1;
    int kept = 0;
    socklen_t size = sizeof kept;
    ::getsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &kept, &size);
    if (kept != 1 || (::fcntl(socket, F_GETFL) & O_NONBLOCK) != 0 || ::fcntl(socket, F_GETFD) != 0) return 2;
    return ::send(socket, "x", 1, MSG_NOSIGNAL) == 1 ? 0 : 3;
  };
  const auto status = as_worker(rules({"127.0.0.1:" + std::to_string(listener.port)}), act, nullptr);
  expect_status(status, 0);
  if (status) {
    const os::Fd accepted(::accept(listener.socket.get(), nullptr, nullptr));
    char byte = 0;
    CHECK(::read(accepted.get(), &byte, 1) == 1);
    CHECK(byte == 'x');
  }
}

TEST_CASE("a socket that does not block stays one, and stays closed for programs that are started where it was") {
  const Listener listener;
  const auto act = [&] {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connect_to(socket, local(listener.port)) != 0) return 1;
    return (::fcntl(socket, F_GETFL) & O_NONBLOCK) != 0 && ::fcntl(socket, F_GETFD) == FD_CLOEXEC ? 0 : 2;
  };
  expect_status(as_worker(rules({"127.0.0.1"}), act, nullptr), 0);
}

TEST_CASE("what no rule allows is refused and reported with the permission that would allow it") {
  const Listener listener;
  std::vector<egress::Denied> denials;
  const auto act = [&] {
    if (connect_to(stream(), local(listener.port)) != EACCES) return 1;
    if (connect_to(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), local(listener.port)) != EACCES) return 1;
    if (connect_to(stream(), local(80, "10.0.0.5")) != EACCES) return 2;
    if (connect_to(stream(), local(80, "93.184.216.34")) != EACCES) return 3;
    return 0;
  };
  const auto status = as_worker(rules({}), act, &denials);
  expect_status(status, 0);
  if (!status) return;
  REQUIRE(denials.size() == 4);
  CHECK(denials[2].what == "network to 10.0.0.5:80");
  CHECK(denials[2].permission == "network=10.0.0.5:80");
}

TEST_CASE("a worker reaches what listens in its own namespace, and nothing of it is reported") {
  std::vector<egress::Denied> denials;
  const auto act = [] {
    const Listener own;
    return connect_to(stream(), local(own.port));
  };
  expect_status(as_worker(rules({}), act, &denials), 0);
  CHECK(denials.empty());
}

TEST_CASE("a connected socket cannot be led elsewhere: not by connecting again, by disconnecting, nor by a fast open") {
  const Listener allowed, forbidden;
  const auto act = [&] {
    const int socket = stream();
    if (connect_to(socket, local(allowed.port)) != 0) return 1;
    if (connect_to(socket, local(forbidden.port)) != EISCONN) return 2;
    sockaddr_in nowhere{};
    nowhere.sin_family = AF_UNSPEC;
    if (connect_to(socket, nowhere) == 0) return 3;
    ::shutdown(socket, SHUT_RDWR);
    if (connect_to(socket, nowhere) == 0) return 4;
    const sockaddr_in target = local(forbidden.port);
    const auto sent = ::sendto(socket, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&target), sizeof target);
    if (sent >= 0 || errno != EOPNOTSUPP) return 5;
    return ::listen(socket, 1) == 0 ? 6 : 0;
  };
  expect_status(as_worker(rules({"127.0.0.1:" + std::to_string(allowed.port)}), act, nullptr), 0);
  pollfd waiting{forbidden.socket.get(), POLLIN, 0};
  CHECK(::poll(&waiting, 1, 50) == 0);
}

TEST_CASE("a connection that fails leaves the worker its own socket and the true reason") {
  std::uint16_t closed = 0;
  {
    const Listener gone;
    closed = gone.port;
  }
  const auto act = [&] {
    const int socket = stream();
    if (connect_to(socket, local(closed)) != ECONNREFUSED) return 1;
    const Listener own;
    return connect_to(socket, local(own.port));  // it is still of the worker's namespace
  };
  expect_status(as_worker(rules({"127.0.0.1:" + std::to_string(closed)}), act, nullptr), 0);
}

TEST_CASE("names are resolved by the host for those that may ask, and a refused name is reported") {
  std::vector<egress::Denied> denials;
  const auto ask = [](const char* packet, std::size_t size) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    if (connect_to(socket, local(53)) != 0) return -1;
    ::send(socket, packet, size, 0);
    pollfd ready{socket, POLLIN, 0};
    if (::poll(&ready, 1, 15'000) != 1) return -2;
    unsigned char answer[512] = {};
    if (::recv(socket, answer, sizeof answer, 0) < 12) return -3;
    return (answer[3] & 15) * 100 + answer[7];  // the result and the number of addresses
  };
  const auto act = [&] {
    if (ask("\0\1\1\0\0\1\0\0\0\0\0\0\11localhost\0\0\1\0\1", 27) != 1) return 1;
    if (ask("\0\1\1\0\0\1\0\0\0\0\0\0\4evil\7example\0\0\1\0\1", 30) != 500) return 2;
    return 0;
  };
  const auto status = as_worker(rules({"api.example.org"}), act, &denials);
  expect_status(status, 0);
  if (status) {
    REQUIRE(denials.size() == 1);
    CHECK(denials[0].permission == "network=evil.example");
  }
}

TEST_CASE("a Unix socket is looked for below the worker's own root, and a wrong address is its own error") {
  const auto act = [] {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ::strcpy(address.sun_path, "/nowhere/at/all.sock");
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno != ENOENT) return 1;
    if (::connect(socket, nullptr, 16) == 0 || errno != EFAULT) return 2;
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), 1) == 0 || errno != EINVAL) return 3;
    if (::connect(99, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno != EBADF) return 4;
    const int network = ::socket(AF_NETLINK, SOCK_RAW, 0);
    return ::connect(network, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno != EACCES ? 5 : 0;
  };
  expect_status(as_worker(rules({}), act, nullptr), 0);
}

TEST_CASE("a Unix socket of the host is out of reach of a worker with another root, whatever path it names") {
  std::string folder = "/tmp/mortise-egress-test-XXXXXX";
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  REQUIRE(::mkdir((folder + "/root").c_str(), 0755) == 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ::strcpy(address.sun_path, (folder + "/host.sock").c_str());
  const os::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener.get(), 4) == 0);
  const auto connects = [&] {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  };
  expect_status(as_worker(rules({}), connects, nullptr), 0);
  expect_status(as_worker(rules({}), [&] { return ::chroot((folder + "/root").c_str()) != 0 || ::chdir("/") != 0 ? 99 : connects(); }, nullptr), ENOENT);
  std::filesystem::remove_all(folder);
}

TEST_CASE("hundreds of connects at once are all answered") {
  const Listener listener;
  const auto act = [&] {
    for (int process = 0; process < 8; ++process) {
      if (::fork() != 0) continue;
      for (int i = 0; i < 40; ++i) {
        const int socket = stream();
        if (connect_to(socket, local(80, "10.0.0.5")) != EACCES) ::_exit(1);
        ::close(socket);
      }
      ::_exit(0);
    }
    int bad = 0, status = 0;
    while (::wait(&status) > 0) bad += status != 0;
    return bad;
  };
  expect_status(as_worker(rules({}), act, nullptr), 0);
}
