#include "runtime/egress/egress.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <vector>

#include "runtime/egress/connect_request.h"
#include "runtime/egress/connector.h"
#include "runtime/egress/dns_message.h"

namespace mortise::runtime::egress {
namespace {

constexpr int most_at_once = 32;       // connects and questions that are worked on; more wait in the kernel
constexpr int breath = 20;             // ms, before looking again whether one of them ended
constexpr std::size_t longest_question = 512;

// As the host resolves it: its own files, caches and servers.
std::vector<IpAddress> look_up(const std::string& name, std::uint16_t type, DnsResult& result) {
  addrinfo wanted{};
  wanted.ai_family = type == dns_a ? AF_INET : AF_INET6;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(name.c_str(), nullptr, &wanted, &found);
  const bool absent = error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY;
  result = error == 0 || error == EAI_NODATA ? DnsResult::ok : absent ? DnsResult::no_such_name : DnsResult::failed;
  std::vector<IpAddress> all;
  if (error != 0) return all;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (one->ai_family == AF_INET) {
      sockaddr_in four{};
      ::memcpy(&four, one->ai_addr, sizeof four);
      all.push_back(IpAddress::of_ipv4(ntohl(four.sin_addr.s_addr)));
    } else if (one->ai_family == AF_INET6) {
      sockaddr_in6 six{};
      ::memcpy(&six, one->ai_addr, sizeof six);
      IpAddress address;
      ::memcpy(address.bytes.data(), &six.sin6_addr, address.bytes.size());
      all.push_back(address);
    }
  }
  ::freeaddrinfo(found);
  return all;
}

}  // namespace

// Shared by the thread and what it starts, which may outlast the Egress: a look-up cannot be interrupted.
struct Egress::Work : std::enable_shared_from_this<Egress::Work> {
  Work(os::Fd names_door, os::Fd connects_door, std::shared_ptr<Rules> given, OnDenied told)
      : names(std::move(names_door)),
        connects(std::move(connects_door)),
        stop(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        rules(std::move(given)),
        denied(std::move(told)),
        connector(*rules, denied, stop.get()) {}

  void run() {
    while (true) {
      const bool room = busy.load() < most_at_once;
      const short listen = room ? POLLIN : 0;
      std::array<pollfd, 3> wanted{{{stop.get(), POLLIN, 0}, {connects.get(), listen, 0}, {names.get(), listen, 0}}};
      if (::poll(wanted.data(), wanted.size(), room ? -1 : breath) < 0 && errno != EINTR) return;
      if (wanted[0].revents != 0 || (wanted[1].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return;
      if ((wanted[1].revents & POLLIN) != 0) take_connect();
      if ((wanted[2].revents & POLLIN) != 0) take_question();
    }
  }

  void take_connect() {
    auto request = ConnectRequest::take(connects.get());
    if (!request) return;
    apart([self = shared_from_this(), held = std::make_shared<ConnectRequest>(std::move(*request))] { self->connector.serve(*held); });
  }

  void take_question() {
    std::array<std::byte, longest_question> packet{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(names.get(), packet.data(), packet.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0) return;
    const auto question = read_question(std::span(packet).first(static_cast<std::size_t>(got)));
    if (!question) return;
    apart([self = shared_from_this(), asked = *question, from] { self->resolve(asked, from); });
  }

  void resolve(const DnsQuestion& question, const sockaddr_in& asker) {
    DnsResult result = DnsResult::ok;
    std::vector<IpAddress> addresses;
    if (!rules->may_resolve(question.name)) {
      result = DnsResult::refused;
      report(question.name, "network to " + question.name);
    } else if (question.type == dns_a || question.type == dns_aaaa) {
      const auto found = look_up(question.name, question.type, result);
      addresses = rules->answer(question.name, found);
      if (addresses.empty() && !found.empty()) {
        report(found.front().text(), "network to " + question.name + ", which is the private address " + found.front().text());
        result = DnsResult::refused;
      }
    }
    const auto answer = write_answer(question, result, addresses);
    ::sendto(names.get(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&asker),
             sizeof asker);
  }

  void report(const std::string& host, const std::string& what) const {
    std::string permission = "network";
    try {
      permission = "network=" + HostPattern::parse(host).text();
    } catch (const std::exception&) {  // a name that no permission can name
    }
    denied({what, permission});
  }

  // On a thread of its own, counted.
  template <typename Task>
  void apart(Task task) {
    busy.fetch_add(1);
    try {
      std::thread([self = shared_from_this(), task = std::move(task)] {
        try {
          task();
        } catch (const std::exception&) {  // the worker's wait ends with its deadline
        }
        self->busy.fetch_sub(1);
      }).detach();
    } catch (const std::exception&) {  // no thread to be had: the worker is not answered, and asks again or gives up
      busy.fetch_sub(1);
    }
  }

  os::Fd names, connects, stop;
  const std::shared_ptr<Rules> rules;
  const OnDenied denied;
  const Connector connector;
  std::atomic<int> busy{0};
};

Egress::Egress(os::Fd names, os::Fd connects, std::shared_ptr<Rules> rules, OnDenied denied)
    : work_(std::make_shared<Work>(std::move(names), std::move(connects), std::move(rules), std::move(denied))),
      thread_([work = work_] { work->run(); }) {}

Egress::~Egress() {
  const std::uint64_t one = 1;
  (void)!::write(work_->stop.get(), &one, sizeof one);
  thread_.join();
}

}  // namespace mortise::runtime::egress
