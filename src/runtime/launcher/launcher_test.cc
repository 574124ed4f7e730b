#include "runtime/launcher/launcher.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "os/process.h"
#include "os/socket.h"
#include "runtime/launcher/order.h"

using namespace mortise;
using namespace mortise::runtime::launcher;
using namespace std::chrono_literals;
namespace sandbox = mortise::runtime::sandbox;

namespace {

// Processes are the host's, too, and every layer that needs namespaces is off.
constexpr sandbox::Layers no_cell{sandbox::Layer::private_root, sandbox::Layer::own_processes, sandbox::Layer::own_network,
                                  sandbox::Layer::own_ipc, sandbox::Layer::own_names, sandbox::Layer::landlock_files,
                                  sandbox::Layer::own_user};

constexpr sandbox::Layers no_private_root{sandbox::Layer::private_root, sandbox::Layer::own_processes, sandbox::Layer::own_network,
                                          sandbox::Layer::own_ipc, sandbox::Layer::own_names};

struct Answer {
  Report report;
  std::vector<os::Fd> descriptors;
};

// A launcher in a process of its own, and this test as its host.
class Host {
 public:
  explicit Host(const Options& options = {}) {
    auto [mine, its] = os::socket_pair(os::SocketKind::packet);
    pid_ = ::fork();
    if (pid_ == 0) {
      mine.close();
      ::_exit(run(std::move(its), options));
    }
    socket_ = std::move(mine);
  }
  ~Host() { leave(); }

  void leave() {
    socket_.close();
    if (pid_ > 0) ::waitpid(std::exchange(pid_, 0), &status_, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int status() const { return status_; }

  void send(std::span<const std::byte> packet, std::span<const int> descriptors) {
    os::send_all(socket_.get(), packet, descriptors, 1s);
  }

  Answer receive() {
    REQUIRE(os::wait_readable(socket_.get(), 10s));
    std::vector<std::byte> packet(max_packet);
    Answer answer;
    const os::Transfer got = os::receive_some(socket_.get(), packet, answer.descriptors);
    REQUIRE(got.io == os::Io::done);
    answer.report = decode_report(std::span(packet).first(got.bytes));
    return answer;
  }

  // Starts a shell script; its standard output can be read from `output`.
  struct Worker {
    pid_t pid;
    os::Fd process, protocol, output;
    std::string cold = {};
    std::string read() const {
      std::string text;
      std::array<char, 4096> buffer{};
      ssize_t got = 0;
      while ((got = ::read(output.get(), buffer.data(), buffer.size())) > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
      return text;
    }
    std::string line() const {
      std::string text;
      char c = 0;
      while (::read(output.get(), &c, 1) == 1 && c != '\n') text += c;
      return text;
    }
  };
  Worker start(const std::string& script, sandbox::Layers off = {}, std::optional<ZygoteWords> zygote = {}) {
    Order order;
    order.id = ++last_;
    order.arguments = {"/bin/sh", "-c", script};
    order.environment = {"PATH=/usr/bin:/bin", "ONLY=this", "TMPDIR=/tmp"};
    order.folder = "/tmp";
    order.policy.limits.open_files = 77;
    order.policy.DANGEROUSLY_off = off;
    order.zygote = std::move(zygote);
    auto [mine, its] = os::socket_pair(os::SocketKind::stream);
    std::array<int, 2> pipe{};
    REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
    os::Fd output(pipe[0]);
    const os::Fd end(pipe[1]);
    const std::array descriptors{its.get(), end.get(), end.get()};
    send(encode(order), descriptors);
    Answer answer = receive();
    const auto* started = std::get_if<Started>(&answer.report);
    if (const auto* refused = std::get_if<Refused>(&answer.report)) FAIL(refused->what);
    REQUIRE(started != nullptr);
    REQUIRE(started->id == last_);
    REQUIRE(answer.descriptors.size() == 1);
    return {started->pid, std::move(answer.descriptors[0]), std::move(mine), std::move(output), started->cold};
  }

 private:
  os::Fd socket_;
  pid_t pid_ = 0;
  int status_ = -1;
  std::uint64_t last_ = 0;
};

// Those that were forked ahead and wait, once there are as many or half a minute has passed.
std::vector<pid_t> unborn_of(pid_t launcher, std::size_t wanted) {
  std::vector<pid_t> found;
  for (int i = 0; i < 3000; ++i) {
    found.clear();
    std::ifstream children("/proc/" + std::to_string(launcher) + "/task/" + std::to_string(launcher) + "/children");
    for (pid_t pid = 0; children >> pid;) {
      std::string name;
      std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
      if (name == "mortise-unborn") found.push_back(pid);
    }
    if (found.size() == wanted) break;
    std::this_thread::sleep_for(10ms);
  }
  return found;
}

bool ends_soon(pid_t pid) {
  for (int i = 0; i < 500; ++i) {
    if (::kill(pid, 0) != 0) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace

TEST_CASE("a worker starts with four descriptors, a cleared environment, its limits and no way to new privileges") {
  ::signal(SIGUSR1, SIG_IGN);
  Host host;
  const auto worker = host.start(
      "open=; i=0; while [ $i -lt 77 ]; do [ -e /proc/$$/fd/$i ] && open=\"$open $i\"; i=$((i+1)); done; echo fds$open; pwd; umask; ulimit -n; ulimit -c; env | sort;"
      "grep -E 'NoNewPrivs|SigIgn|SigBlk|Seccomp:' /proc/self/status; echo session $(cut -d' ' -f 6 /proc/$$/stat) of $$");
  const std::string text = worker.read();
  ::signal(SIGUSR1, SIG_DFL);
  CAPTURE(text);
  CHECK(text.find("fds 0 1 2 3\n") != std::string::npos);
  CHECK(text.find("/tmp\n0077\n77\n0\n") != std::string::npos);
  CHECK(text.find("ONLY=this\n") != std::string::npos);
  CHECK(text.find("HOME=") == std::string::npos);
  CHECK(text.find("NoNewPrivs:\t1") != std::string::npos);
  CHECK(text.find("SigBlk:\t0000000000000000") != std::string::npos);
  CHECK(text.find("SigIgn:\t0000000000000000") != std::string::npos);
  CHECK(text.ends_with("Seccomp:\t2\nsession 2 of 2\n"));  // the leader of its own, in processes of its own
}

TEST_CASE("the end of a worker is reported with its status and what it used") {
  Host host;
  const auto worker = host.start("exit 3");
  const auto died = std::get<Died>(host.receive().report);
  CHECK(died.pid == worker.pid);
  CHECK(os::describe_exit(died.wait_status) == "exited with status 3");
  CHECK(died.peak_resident > 0);
  const auto killed = host.start("sleep 100");
  CHECK(os::is_running(killed.process));
  CHECK(os::send_signal(killed.process, SIGKILL));
  CHECK(os::describe_exit(std::get<Died>(host.receive().report).wait_status) == "killed by signal 9 (SIGKILL)");
  CHECK_FALSE(os::send_signal(killed.process, SIGKILL));
}

TEST_CASE("a program that cannot be run is refused with the step and the reason") {
  Host host;
  Order order;
  order.id = 42;
  order.arguments = {"/nowhere/at/all"};
  const os::Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::array descriptors{nothing.get(), nothing.get(), nothing.get()};
  host.send(encode(order), descriptors);
  auto refused = std::get<Refused>(host.receive().report);
  CHECK(refused.id == 42);
  CHECK(refused.error == ENOENT);
  CHECK(refused.what == "cannot run its program");
  order.arguments = {"/bin/true"};
  order.folder = "/nowhere";
  host.send(encode(order), descriptors);
  CHECK(std::get<Refused>(host.receive().report).what == "cannot enter '/nowhere'");
}

TEST_CASE("broken packets are refused one by one and the launcher lives on") {
  Host host;
  const std::vector<std::byte> garbage(1000, std::byte{0xee});
  host.send(garbage, {});
  CHECK(std::get<Refused>(host.receive().report).id == 0xeeeeeeeeeeeeeeee);
  host.send(std::span(garbage).first(1), {});
  CHECK(std::get<Refused>(host.receive().report).id == 0);
  Order order;
  order.id = 5;
  order.arguments = {"/bin/true"};
  host.send(encode(order), {});
  CHECK(std::get<Refused>(host.receive().report).what.find("0 descriptors instead of 3") != std::string::npos);
  const auto worker = host.start("echo still here");
  CHECK(worker.read() == "still here\n");
}

TEST_CASE("what a worker leaves behind in sessions of its own ends with it") {
  Host host;
  const char* script = "setsid sh -c 'setsid sh -c \"echo \\$\\$; exec sleep 1000\" & exec sleep 1000' & sleep 1000 & wait";
  const auto worker = host.start(script);
  CHECK(std::stoi(worker.line()) > 2);
  os::send_signal(worker.process, SIGKILL);
  CHECK(worker.read().empty());  // end of file: nobody has the pipe any more
  CHECK(std::holds_alternative<Died>(host.receive().report));

  const auto without_cell = host.start(script, no_cell);
  const pid_t grandchild = std::stoi(without_cell.line());
  CHECK(::kill(grandchild, 0) == 0);
  os::send_signal(without_cell.process, SIGKILL);
  CHECK(ends_soon(grandchild));
  CHECK(without_cell.read().empty());
}

TEST_CASE("a daemon of a living worker stays when another worker ends") {
  Host host;
  const auto first = host.start("(setsid sh -c 'echo $$; exec sleep 1000' &) ; sleep 1000", no_cell);
  const pid_t daemon = std::stoi(first.line());
  const auto second = host.start("exit 0");
  CHECK(std::get<Died>(host.receive().report).pid == second.pid);
  std::this_thread::sleep_for(200ms);
  CHECK(::kill(daemon, 0) == 0);
  os::send_signal(first.process, SIGKILL);
  CHECK(ends_soon(daemon));
}

TEST_CASE("when the host goes, every worker goes: one that blocks signals and loops, too") {
  Host host;
  const auto looping = host.start("trap '' TERM INT HUP; echo ready; while :; do :; done");
  const auto family = host.start("trap '' TERM; setsid sh -c 'trap \"\" TERM; echo $$; while :; do :; done' & wait", no_cell);
  CHECK(looping.line() == "ready");
  const pid_t child = std::stoi(family.line());
  host.leave();
  CHECK(host.status() == 0);
  CHECK_FALSE(os::is_running(looping.process));
  CHECK_FALSE(os::is_running(family.process));
  CHECK(::kill(child, 0) != 0);
}

TEST_CASE("when the launcher is killed, the workers are killed") {
  Host host;
  const auto worker = host.start("trap '' TERM; echo ready; while :; do :; done");
  CHECK(worker.line() == "ready");
  ::kill(host.pid(), SIGKILL);
  host.leave();
  for (int i = 0; i < 500 && os::is_running(worker.process); ++i) std::this_thread::sleep_for(10ms);
  CHECK_FALSE(os::is_running(worker.process));
}

TEST_CASE("a worker in a private folder for want of a private root leaves nothing of it behind") {
  Host host;
  const auto worker = host.start("pwd; echo x > kept; echo $TMPDIR",
                                 {sandbox::Layer::private_root, sandbox::Layer::own_processes, sandbox::Layer::own_network,
                                  sandbox::Layer::own_ipc, sandbox::Layer::own_names});
  const std::string folder = worker.line();
  CHECK(folder.starts_with("/tmp/mortise-worker-"));
  CHECK(worker.line() == folder);
  CHECK(std::holds_alternative<Died>(host.receive().report));
  for (int i = 0; i < 500 && ::access(folder.c_str(), F_OK) == 0; ++i) std::this_thread::sleep_for(10ms);
  CHECK(::access(folder.c_str(), F_OK) != 0);
}

TEST_CASE("what a killed launcher left in /tmp goes when the next one starts, and what a living one uses stays") {
  Host living;
  const auto kept = living.start("pwd; sleep 1000", no_private_root);
  const std::string used = kept.line();
  std::string left;
  {
    Host killed;
    const auto worker = killed.start("pwd; sleep 1000", no_private_root);
    left = worker.line();
    ::kill(killed.pid(), SIGKILL);
    killed.leave();
    for (int i = 0; i < 500 && os::is_running(worker.process); ++i) std::this_thread::sleep_for(10ms);
  }
  CHECK(::access(left.c_str(), F_OK) == 0);
  Host next;
  CHECK(next.start("echo here", no_private_root).read() == "here\n");
  CHECK(::access(left.c_str(), F_OK) != 0);
  CHECK(::access(used.c_str(), F_OK) == 0);
}

TEST_CASE("a zygote that is none harms nobody: workers start as programs and say why") {
  Host host;
  const ZygoteWords words{{"/bin/true"}, {"PATH=/bin"}, 1};
  std::vector<std::string> told;
  for (int i = 0; i < 3; ++i) {
    const auto worker = host.start("echo here", {}, words);
    CHECK(worker.read() == "here\n");
    CHECK(std::holds_alternative<Died>(host.receive().report));
    told.push_back(worker.cold);
    std::this_thread::sleep_for(200ms);
  }
  CHECK(told[0] == "a zygote is started once more workers of its kind are");
  CHECK(told[1] == "its zygote starts now");
  CHECK(told[2] != "");
}

TEST_CASE("the next worker is the process that was forked ahead, and there is one more then") {
  Host host;
  CHECK(host.start("echo first").read() == "first\n");
  CHECK(std::holds_alternative<Died>(host.receive().report));
  const auto waits = unborn_of(host.pid(), 1);
  REQUIRE(waits.size() == 1);
  const auto next = host.start("echo $ONLY; read end <&3");
  CHECK(next.pid == waits[0]);
  CHECK(next.line() == "this");
  const auto another = unborn_of(host.pid(), 1);
  REQUIRE(another.size() == 1);
  CHECK(another[0] != next.pid);
}

TEST_CASE("one that waits serves no worker with other layers, nor one whose policy leaves descriptors open") {
  Host host;
  CHECK(host.start("echo first").read() == "first\n");
  CHECK(std::holds_alternative<Died>(host.receive().report));
  const auto waits = unborn_of(host.pid(), 1);
  REQUIRE(waits.size() == 1);
  const auto leaky = host.start("read end <&3", {sandbox::Layer::closed_descriptors});
  CHECK(leaky.pid != waits[0]);
  const auto other = host.start("read end <&3", {sandbox::Layer::own_ipc});
  CHECK(other.pid != waits[0]);
}

TEST_CASE("what waits ahead goes when nobody wants a worker for a while, and comes back with the next one") {
  Options options;
  options.rest_after = 300ms;
  Host host(options);
  for (int i = 0; i < 2; ++i) {
    CHECK(host.start("echo it").read() == "it\n");
    CHECK(std::holds_alternative<Died>(host.receive().report));
    const auto waits = unborn_of(host.pid(), 1);
    REQUIRE(waits.size() == 1);
    CHECK(ends_soon(waits[0]));
    CHECK(unborn_of(host.pid(), 0).empty());
  }
}

TEST_CASE("an order whose policy cannot be kept is refused with the reason, and the launcher lives on") {
  Host host;
  Order order;
  order.id = 9;
  order.arguments = {"/bin/true"};
  const os::Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::array descriptors{nothing.get(), nothing.get(), nothing.get()};
  order.policy.paths = {{"/nowhere/at/all", sandbox::Path::Access::read}};
  host.send(encode(order), descriptors);
  const auto refused = std::get<Refused>(host.receive().report);
  CHECK(refused.id == 9);
  CHECK(refused.error == ENOENT);
  CHECK(host.start("echo still here").read() == "still here\n");
}

TEST_CASE("a worker can open what it prints to by its name") {
  Host host;
  CHECK(host.start("echo by name > /dev/stdout; echo by number > /proc/self/fd/1").read() == "by name\nby number\n");
}

TEST_CASE("workers one after the other find no trace of each other") {
  Host host;
  for (int i = 0; i < 5; ++i) {
    const auto worker = host.start("ls -A /tmp; ls /proc | grep -c '^[0-9]'; echo trace > /tmp/trace; id -u");
    const std::string text = worker.read();
    CAPTURE(text);
    CHECK(text.find("trace") == std::string::npos);
    CHECK(std::holds_alternative<Died>(host.receive().report));
  }
}
