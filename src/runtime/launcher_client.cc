#include "runtime/launcher_client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/error.h"
#include "os/process.h"
#include "os/socket.h"

namespace mortise::runtime {
namespace {

constexpr std::chrono::seconds start_timeout{10};
constexpr std::chrono::seconds end_timeout{6};  // the launcher gives its last kills five

// The launcher with the socket as its descriptor 3, in a session of its own, with an empty environment.
pid_t spawn(const std::string& program, const os::Fd& socket) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, socket.get(), 3);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::array<char*, 2> arguments{const_cast<char*>(program.c_str()), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(), environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw os::system_error("cannot start the launcher", program, error);
  return pid;
}

}  // namespace

std::string Death::describe() const { return known ? os::describe_exit(wait_status) : "killed together with its launcher"; }

struct LauncherClient::Waiting {
  OnDeath died;
  bool done = false;
  Worker worker;
  std::optional<Error> error;
};

struct LauncherClient::Line {
  pid_t pid = 0;
  os::Fd socket;
  Reactor::Id watch = 0;
  bool lost = false;
  std::condition_variable answered;
  std::map<std::uint64_t, Waiting*> waiting;  // by order id
  std::map<std::int64_t, OnDeath> workers;    // by pid
};

LauncherClient::LauncherClient(Reactor& reactor, Log log, std::string program)
    : reactor_(reactor), log_(std::move(log)), program_(std::move(program)) {
  const std::lock_guard lock(mutex_);
  connect();
}

LauncherClient::~LauncherClient() {
  std::shared_ptr<Line> line;
  {
    const std::lock_guard lock(mutex_);
    line = std::move(line_);
  }
  if (line == nullptr) return;
  reactor_.unwatch(line->watch, line->socket.get());
  end(*line);
}

// Under the lock.
void LauncherClient::connect() {
  auto [mine, its] = os::socket_pair(os::SocketKind::packet);
  auto line = std::make_shared<Line>();
  line->pid = spawn(program_, its);
  line->socket = std::move(mine);
  // Set before the handler can run, which needs the lock that is held here.
  line->watch = reactor_.watch(line->socket.get(), EPOLLIN, [this, line](std::uint32_t) { readable(line); });
  line_ = std::move(line);
}

std::int64_t LauncherClient::pid() const {
  const std::lock_guard lock(mutex_);
  return line_ == nullptr ? 0 : line_->pid;
}

LauncherClient::Worker LauncherClient::start(launcher::Order order, const os::Fd& protocol, const os::Fd& output,
                                             const os::Fd& errors, const std::vector<int>& doors,
                                             OnDeath died) {
  std::unique_lock lock(mutex_);
  if (line_ == nullptr) connect();
  const std::shared_ptr<Line> line = line_;
  order.id = ++last_id_;
  Waiting waiting;
  waiting.died = std::move(died);
  const std::vector<std::byte> packet = launcher::encode(order);
  std::vector<int> descriptors{protocol.get(), output.get(), errors.get()};
  descriptors.insert(descriptors.end(), doors.begin(), doors.end());
  line->waiting.emplace(order.id, &waiting);
  lock.unlock();  // one send is one packet, so that several may send at once
  bool sent = false;
  std::optional<Error> failed;
  try {
    sent = os::send_all(line->socket.get(), packet, descriptors, start_timeout);
  } catch (const Error& error) {
    failed = error;
  }
  lock.lock();
  const auto done = [&] { return waiting.done || line->lost; };
  if (sent && !line->answered.wait_for(lock, start_timeout, done)) {
    failed = Error(Code::timeout, "the launcher did not start '" + order.arguments.front() + "' within " +
                                      std::to_string(start_timeout.count()) + " s");
  }
  line->waiting.erase(order.id);
  if (failed) throw Error(*failed);
  if (waiting.error) throw Error(*waiting.error);
  if (!waiting.done) throw Error(Code::busy, "the launcher ended while it started '" + order.arguments.front() + "'", "try again");
  return std::move(waiting.worker);
}

void LauncherClient::prepare(launcher::ZygoteWords words) noexcept {
  try {
    tell(launcher::encode(launcher::Prepare{std::move(words)}), {});
  } catch (const std::exception& error) {
    log_.warning("a zygote was not started ahead", {{"error", error.what()}});
  }
}

void LauncherClient::lend(const launcher::Lend& lend, const std::vector<int>& doors) noexcept {
  try {
    tell(launcher::encode(lend), doors);
  } catch (const std::exception& error) {
    log_.warning("a control group was not lent", {{"error", error.what()}});
  }
}

// Nothing answers.
void LauncherClient::tell(const std::vector<std::byte>& packet, const std::vector<int>& descriptors) {
  std::unique_lock lock(mutex_);
  if (line_ == nullptr) connect();
  const std::shared_ptr<Line> line = line_;
  lock.unlock();
  os::send_all(line->socket.get(), packet, descriptors, start_timeout);
}

void LauncherClient::readable(const std::shared_ptr<Line>& line) {
  std::vector<std::byte> packet(launcher::max_packet);
  while (true) {
    std::vector<os::Fd> descriptors;
    os::Transfer got;
    try {
      got = os::receive_some(line->socket.get(), packet, descriptors);
      if (got.io == os::Io::would_block) return;
      if (got.io == os::Io::done) {
        handle(line, launcher::decode_report(std::span(packet).first(got.bytes)), std::move(descriptors));
        continue;
      }
    } catch (const Error& error) {
      log_.failure("the launcher's answer cannot be read", error);
    }
    lost(line);
    return;
  }
}

void LauncherClient::handle(const std::shared_ptr<Line>& line, const launcher::Report& report,
                            std::vector<os::Fd> descriptors) {
  std::unique_lock lock(mutex_);
  if (const auto* died = std::get_if<launcher::Died>(&report)) {
    auto node = line->workers.extract(died->pid);
    lock.unlock();
    if (node.empty()) return;
    const std::chrono::microseconds cpu(died->user_microseconds + died->system_microseconds);
    node.mapped()(Death{died->wait_status, true, cpu, died->peak_resident, std::nullopt});
    return;
  }
  const auto* started = std::get_if<launcher::Started>(&report);
  const auto* refused = std::get_if<launcher::Refused>(&report);
  const auto found = line->waiting.find(started != nullptr ? started->id : refused->id);
  if (found == line->waiting.end()) {
    // Nobody waits any more: the worker that came too late must not stay.
    if (started != nullptr && !descriptors.empty()) os::send_signal(descriptors.front(), SIGKILL);
    return;
  }
  Waiting& waiting = *found->second;
  waiting.done = true;
  if (started != nullptr && !descriptors.empty()) {
    waiting.worker.pid = started->pid;
    waiting.worker.cold = started->cold;
    waiting.worker.process = std::move(descriptors.front());
    if (descriptors.size() == 3) {
      waiting.worker.names = std::move(descriptors[1]);
      waiting.worker.connects = std::move(descriptors[2]);
    }
    line->workers.emplace(started->pid, std::move(waiting.died));
  } else {
    waiting.error = refused == nullptr ? Error(Code::internal, "the launcher sent no handle of its worker")
                    : refused->error != 0 ? os::system_error("a worker " + refused->what, "", refused->error)
                                          : Error(Code::internal, refused->what);
  }
  line->answered.notify_all();
}

// The launcher is gone. Its workers are dead or dying (the kernel kills them).
void LauncherClient::lost(const std::shared_ptr<Line>& line) {
  std::map<std::int64_t, OnDeath> workers;
  {
    const std::lock_guard lock(mutex_);
    line->lost = true;
    workers.swap(line->workers);
    line->answered.notify_all();
    if (line_ == line) line_.reset();
  }
  reactor_.unwatch(line->watch, line->socket.get());
  log_.error("the launcher ended; the next worker starts another one", {{"pid", line->pid}, {"workers", workers.size()}});
  Death death;
  death.known = false;
  for (const auto& [pid, died] : workers) died(death);
  end(*line);
}

void LauncherClient::end(Line& line) noexcept {
  line.socket.close();
  const auto until = Clock::now() + end_timeout;
  while (::waitpid(line.pid, nullptr, WNOHANG) == 0) {
    if (Clock::now() > until) {
      ::kill(line.pid, SIGKILL);
      ::waitpid(line.pid, nullptr, 0);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace mortise::runtime
