#include "runtime/launcher/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "os/file.h"
#include "os/process.h"
#include "os/socket.h"
#include "runtime/launcher/child.h"
#include "runtime/launcher/order.h"

namespace mortise::runtime::launcher {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds farewell{5};  // how long the last kills may take

// Descendants carry this variable, whatever session or group they moved to.
constexpr std::string_view mark_name = "MORTISE_WORKER=";

class Launcher {
 public:
  explicit Launcher(os::Fd socket) : socket_(std::move(socket)), packet_(max_packet) { prepare(); }

  int serve() {
    while (true) {
      std::array<pollfd, 2> wanted{{{socket_.get(), POLLIN, 0}, {deaths_.get(), POLLIN, 0}}};
      if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) return 1;
      if (wanted[1].revents != 0) bury();
      if (wanted[0].revents != 0 && !take_order()) break;
    }
    end_all();
    return 0;
  }

 private:
  void prepare() {
    // Ctrl-C in a terminal and a shutdown reach the whole group; the end of the socket decides here.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(signal, SIG_IGN);
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    deaths_ = os::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!deaths_) throw os::system_error("cannot watch for the ends of workers", "");
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) throw os::system_error("cannot become the reaper of workers", "");
    ::prctl(PR_SET_NAME, "mortise-launch");
  }

  // False when the socket ended.
  bool take_order() {
    std::vector<os::Fd> descriptors;
    std::uint64_t id = 0;
    try {
      const os::Transfer got = os::receive_some(socket_.get(), packet_, descriptors);
      if (got.io == os::Io::closed) return false;
      if (got.io == os::Io::would_block) return true;
      const std::span<const std::byte> packet(packet_.data(), got.bytes);
      id = order_id(packet);
      start(decode_order(packet), std::move(descriptors));
    } catch (const Error& error) {
      send(Refused{id, 0, error.what()}, {});
    }
    return true;
  }

  void start(Order order, std::vector<os::Fd> descriptors) {
    if (descriptors.size() != order_descriptors) {
      throw Error(Code::invalid, "an order came with " + std::to_string(descriptors.size()) + " descriptors instead of " +
                                     std::to_string(order_descriptors));
    }
    const std::string mark = std::to_string(::getpid()) + "." + std::to_string(order.id);
    order.environment.push_back(std::string(mark_name) + mark);
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw os::system_error("cannot make a pipe", "");
    const os::Fd report(pipe[0]);
    os::Fd report_end(pipe[1]);
    const pid_t launcher = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) throw os::system_error("cannot start a process", "");
    if (pid == 0) {
      become_worker(order, {descriptors[0].get(), descriptors[1].get(), descriptors[2].get(), report_end.get()}, launcher);
    }
    report_end.close();
    descriptors.clear();  // before anybody hears of the worker: its death must be seen at the other ends
    answer(order.id, pid, mark, report);
  }

  // Waits until the child runs its program or says which step failed.
  void answer(std::uint64_t id, pid_t pid, const std::string& mark, const os::Fd& report) {
    StepFailed failed{};
    ssize_t got = 0;
    do {
      got = ::read(report.get(), &failed, sizeof failed);
    } while (got < 0 && errno == EINTR);
    if (got == sizeof failed) {
      send(Refused{id, failed.error, std::string("cannot ") + failed.step}, {});
      return;  // bury() reaps it
    }
    const os::Fd process = os::open_process(pid);
    workers_.emplace(pid, mark);
    const int handle = process.get();
    send(Started{id, pid}, std::span(&handle, 1));
  }

  void send(const Report& report, std::span<const int> descriptors) {
    // Waits for the host as long as it takes. When the host is gone, poll() says so next.
    try {
      os::send_all(socket_.get(), encode(report), descriptors, std::chrono::hours(24));
    } catch (const Error& error) {
      std::fprintf(stderr, "mortise-launcher: %s\n", error.what());
    }
  }

  // Reaps what ended. A worker's group is killed while its number is still taken by the dead worker.
  void bury() {
    std::array<signalfd_siginfo, 16> news{};
    while (::read(deaths_.get(), news.data(), sizeof news) > 0) {
    }
    while (true) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) break;
      const pid_t pid = info.si_pid;
      const bool worker = workers_.erase(pid) > 0;
      if (worker) ::kill(-pid, SIGKILL);
      int status = 0;
      rusage used{};
      if (::wait4(pid, &status, WNOHANG, &used) != pid) break;
      if (worker) send(Died{pid, status, microseconds(used.ru_utime), microseconds(used.ru_stime), peak(used)}, {});
    }
    kill_strays();
  }

  static std::uint64_t microseconds(const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
  }
  static std::uint64_t peak(const rusage& used) { return static_cast<std::uint64_t>(used.ru_maxrss) * 1024; }

  // Children that are no workers were left behind by one. Those of a living worker stay; all others are killed. When they
  // end, their own children become ours, and this runs again.
  void kill_strays() {
    for (const pid_t child : children()) {
      if (workers_.count(child) == 0 && !belongs_to_living_worker(child)) ::kill(child, SIGKILL);
    }
  }

  bool belongs_to_living_worker(pid_t pid) const {
    if (workers_.count(::getsid(pid)) > 0) return true;
    try {
      const std::string environment = environment_of(pid);
      for (const auto& [worker, mark] : workers_) {
        if (has_mark(environment, mark)) return true;
      }
    } catch (const Error&) {  // it ended, or hides: then nobody speaks for it
    }
    return false;
  }

  // Between two programs (execve) a process has none for a moment; one that stays without has cleared it.
  static std::string environment_of(pid_t pid) {
    std::string environment;
    for (int look = 0; look < 20 && environment.empty(); ++look) {
      if (look > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      environment = os::read_file("/proc/" + std::to_string(pid) + "/environ", 1U << 20);
    }
    return environment;
  }

  static bool has_mark(std::string_view environment, const std::string& mark) {
    const std::string wanted = std::string(mark_name) + mark;
    for (std::size_t begin = 0; begin < environment.size();) {
      const std::size_t end = std::min(environment.find('\0', begin), environment.size());
      if (environment.substr(begin, end - begin) == wanted) return true;
      begin = end + 1;
    }
    return false;
  }

  static std::vector<pid_t> children() {
    std::vector<pid_t> found;
    try {
      const std::string self = std::to_string(::getpid());
      const std::string text = os::read_file("/proc/self/task/" + self + "/children", 1U << 20);
      for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        found.push_back(static_cast<pid_t>(std::stol(text.substr(begin, end - begin))));
        begin = end + 1;
      }
    } catch (const Error&) {  // a kernel without that file
      for (const os::ProcessInfo& process : os::list_processes()) {
        if (process.parent == ::getpid()) found.push_back(process.pid);
      }
    }
    return found;
  }

  // Kills all, and all that become ours by that, until none is left.
  void end_all() {
    for (const auto& [pid, mark] : workers_) ::kill(-pid, SIGKILL);
    workers_.clear();
    const auto until = Clock::now() + farewell;
    while (Clock::now() < until) {
      kill_strays();
      pid_t pid = 0;
      while ((pid = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
      }
      if (pid < 0 && errno == ECHILD) return;
      pollfd wanted{deaths_.get(), POLLIN, 0};
      ::poll(&wanted, 1, 20);
      std::array<signalfd_siginfo, 16> news{};
      (void)!::read(deaths_.get(), news.data(), sizeof news);
    }
  }

  os::Fd socket_;
  os::Fd deaths_;
  std::vector<std::byte> packet_;
  std::map<pid_t, std::string> workers_;  // and the mark of each
};

}  // namespace

int run(os::Fd socket) { return Launcher(std::move(socket)).serve(); }

}  // namespace mortise::runtime::launcher
