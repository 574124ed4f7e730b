#include "runtime/launcher/launcher.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "os/process.h"
#include "os/socket.h"
#include "runtime/launcher/births.h"
#include "runtime/launcher/cells.h"
#include "runtime/launcher/order.h"
#include "runtime/launcher/strays.h"
#include "runtime/launcher/temporaries.h"
#include "runtime/launcher/zygotes.h"
#include "runtime/sandbox/confine.h"
#include "runtime/zygote/birth.h"

namespace mortise::runtime::launcher {
namespace {

using Clock = std::chrono::steady_clock;
using sandbox::Layer;
constexpr std::chrono::seconds farewell{5};  // how long the last kills may take
constexpr int quiet_milliseconds = 3;        // without an order, before a cell is made ahead

// What belongs to one worker and is free again when all of it has ended.
struct Belongings {
  std::optional<sandbox::User> user;
  Temporary temporary;  // where it has no private root
};

struct Worker {
  std::string mark;
  pid_t holder = 0;  // of its cell
  Belongings belongings;
};

class Launcher {
 public:
  Launcher(os::Fd socket, const Options& options)
      : socket_(std::move(socket)),
        packet_(max_packet),
        planner_(sandbox::Machine::look()),
        cells_(planner_.machine()),
        users_(options.first_user, options.users),
        rest_after_(options.rest_after) {
    prepare();
  }

  int serve() {
    while (true) {
      std::array<pollfd, 2> wanted{{{socket_.get(), POLLIN, 0}, {deaths_.get(), POLLIN, 0}}};
      const int ready = ::poll(wanted.data(), wanted.size(), patience());
      if (ready < 0 && errno != EINTR) return 1;
      if (ready == 0) use_the_quiet();
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
    zygote::reserve_descriptors();
    if (!deaths_) throw os::system_error("cannot watch for the ends of workers", "");
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) throw os::system_error("cannot become the reaper of workers", "");
    ::prctl(PR_SET_NAME, "mortise-launch");
    sweep_temporaries();
  }

  enum class Ahead { wanted, made, gone };  // what the next worker will need

  [[nodiscard]] int patience() const noexcept {
    switch (ahead_) {
      case Ahead::wanted: return quiet_milliseconds;
      case Ahead::made: return static_cast<int>(rest_after_.count());
      default: return -1;
    }
  }

  void use_the_quiet() {
    if (ahead_ == Ahead::wanted) {
      if (!prepare_more()) ahead_ = Ahead::made;
      return;
    }
    births_.rest();
    cells_.rest();
    ahead_ = Ahead::gone;
  }

  // Makes one thing ahead, what takes longest first. False: all is there.
  bool prepare_more() {
    if (births_.wants_spare()) {
      births_.add_spare();
    } else if (cells_.wants_more()) {
      cells_.add();
    } else {
      const auto next = users_.next();
      return next && planner_.prepare(*next);
    }
    return true;
  }

  // ---- a worker begins -------------------------------------------------------------------------------------------------

  // False when the socket ended.
  bool take_order() {
    ahead_ = Ahead::wanted;
    std::vector<os::Fd> descriptors;
    std::uint64_t id = 0;
    try {
      const os::Transfer got = os::receive_some(socket_.get(), packet_, descriptors);
      if (got.io == os::Io::closed) return false;
      if (got.io == os::Io::would_block) return true;
      const std::span<const std::byte> packet(packet_.data(), got.bytes);
      id = order_id(packet);
      Request request = decode_request(packet);
      if (const auto* prepare = std::get_if<Prepare>(&request)) {
        zygotes_.of(prepare->words).prepare();
      } else if (auto* lend = std::get_if<Lend>(&request)) {
        births_.lend(lend->words, {lend->group, std::move(descriptors)});
      } else {
        start(std::get<Order>(std::move(request)), std::move(descriptors));
      }
    } catch (const Error& error) {
      send(Refused{id, 0, error.what()}, {});
    }
    return true;
  }

  void start(Order order, std::vector<os::Fd> descriptors) {
    if (descriptors.size() < order_descriptors || descriptors.size() > order_descriptors + max_doors) {
      throw Error(Code::invalid, "an order came with " + std::to_string(descriptors.size()) + " descriptors instead of " +
                                     std::to_string(order_descriptors) + " to " +
                                     std::to_string(order_descriptors + max_doors));
    }
    Worker worker;
    worker.mark = std::to_string(::getpid()) + "." + std::to_string(order.id);
    order.environment.push_back(mark_variable(worker.mark));
    worker.belongings = belongings_for(order);
    try {
      start(order, descriptors, worker);
    } catch (...) {
      end_of(worker);
      throw;
    }
  }

  // A program may open what it prints to by its name (/dev/stdout), which the kernel allows to a pipe's owner. Of pipes alone:
  // another file has an owner on the host.
  static void give_pipes(std::span<const os::Fd> descriptors, const sandbox::User& user) {
    for (const os::Fd& descriptor : descriptors) {
      struct statfs place {};
      if (::fstatfs(descriptor.get(), &place) != 0 || place.f_type != PIPEFS_MAGIC) continue;
      if (::fchown(descriptor.get(), user.uid, user.gid) != 0) throw os::system_error("cannot give a worker its pipes", "");
    }
  }

  void start(const Order& order, std::vector<os::Fd>& descriptors, Worker& worker) {
    const sandbox::Plan plan = planner_.plan(order.policy, worker.belongings.user, worker.belongings.temporary.path());
    if (const std::string& folder = worker.belongings.temporary.path(); !folder.empty() && plan.user) {
      if (::chown(folder.c_str(), plan.user->uid, plan.user->gid) != 0) throw os::system_error("cannot give away", folder);
    }
    if (plan.user) give_pipes(std::span(descriptors).subspan(1, 2), *plan.user);
    const bool has_network = order.policy.network == sandbox::Network::egress;
    if (has_network && !plan.layers.has(Layer::own_network)) {
      throw Error(Code::unsupported, "a plugin with the permission network needs a network namespace, which this machine does not give");
    }
    auto [way_out, way_out_end] = has_network ? os::socket_pair(os::SocketKind::stream) : std::pair<os::Fd, os::Fd>();
    Born born = births_.start({order, plan, descriptors, way_out_end, worker.mark});
    worker.holder = born.holder;
    way_out_end.close();
    descriptors.clear();  // before anybody hears of the worker: its death must be seen at the other ends
    answer(order, std::move(born), std::move(worker), way_out);
  }

  Belongings belongings_for(Order& order) {
    Belongings found;
    const sandbox::Layers layers = planner_.layers_for(order.policy);
    if (layers.has(Layer::own_user) && !order.policy.user) {
      found.user = users_.take();
      if (!found.user) throw Error(Code::busy, "every user for workers is taken", "let fewer workers run at once");
    }
    if (!layers.has(Layer::private_root) && layers.has(Layer::landlock_files)) found.temporary = make_temporary(order);
    return found;
  }

  static Temporary make_temporary(Order& order) {
    Temporary made = Temporary::make();
    const std::string& folder = made.path();
    for (std::string& entry : order.environment) {
      if (entry == "TMPDIR=/tmp") entry = "TMPDIR=" + folder;
      if (entry == "HOME=/tmp") entry = "HOME=" + folder;
    }
    if (order.folder == "/tmp") order.folder = folder;
    return made;
  }

  // Waits until the child runs its program or says which step failed.
  void answer(const Order& order, Born born, Worker worker, const os::Fd& way_out) {
    sandbox::StepFailed failed{};
    ssize_t got = 0;
    do {
      got = ::read(born.report.get(), &failed, sizeof failed);
    } while (got < 0 && errno == EINTR);
    if (got == sizeof failed) {
      failed.step[sizeof failed.step - 1] = '\0';
      send(Refused{order.id, failed.error, std::string("cannot ") + failed.step}, {});
      end_of(worker);  // bury() reaps it
      return;
    }
    const os::Fd process = os::open_process(born.pid);
    workers_.emplace(born.pid, std::move(worker));
    std::vector<int> handles{process.get()};
    std::vector<os::Fd> opened;  // sent before its program began
    if (way_out) {
      std::array<std::byte, 1> byte{};
      (void)os::receive_some(way_out.get(), byte, opened);
      for (const os::Fd& door : opened) handles.push_back(door.get());
    }
    send(Started{order.id, born.pid, std::move(born.cold)}, handles);
  }

  void send(const Report& report, std::span<const int> descriptors) {
    // Waits for the host as long as it takes. When the host is gone, poll() says so next.
    try {
      os::send_all(socket_.get(), encode(report), descriptors, std::chrono::hours(24));
    } catch (const Error& error) {
      std::fprintf(stderr, "mortise-launcher: %s\n", error.what());
    }
  }

  // ---- a worker ends ---------------------------------------------------------------------------------------------------

  // Reaps what ended. A worker's group is killed while its number is still taken by the dead worker.
  void bury() {
    if (ahead_ == Ahead::made) ahead_ = Ahead::wanted;  // one of those that waited, perhaps
    std::array<signalfd_siginfo, 16> news{};
    while (::read(deaths_.get(), news.data(), sizeof news) > 0) {
    }
    while (true) {
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) break;
      const pid_t pid = info.si_pid;
      auto worker = workers_.extract(pid);
      if (!worker.empty()) ::kill(-pid, SIGKILL);
      int status = 0;
      rusage used{};
      if (::wait4(pid, &status, WNOHANG, &used) != pid) break;
      if (!worker.empty()) {
        end_of(worker.mapped());
        send(Died{pid, status, microseconds(used.ru_utime), microseconds(used.ru_stime), peak(used)}, {});
      } else if (!births_.forget(pid)) {
        end_of_holder(pid);
      }
    }
    kill_strays();
  }

  // What it had is free once its cell is empty.
  void end_of(Worker& worker) {
    if (cells_.destroy(worker.holder)) {
      ending_.emplace(worker.holder, std::move(worker.belongings));
    } else {
      release(worker.belongings);
    }
  }

  void end_of_holder(pid_t holder) {
    cells_.forget(holder);
    if (auto ended = ending_.extract(holder); !ended.empty()) release(ended.mapped());
  }

  void release(Belongings& belongings) {
    if (belongings.user) users_.give_back(*belongings.user);
    belongings.temporary.remove();
  }

  static std::uint64_t microseconds(const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
  }
  static std::uint64_t peak(const rusage& used) { return static_cast<std::uint64_t>(used.ru_maxrss) * 1024; }

  // Children that are no workers were left behind by one. Those of a living worker stay; all others are killed. When they
  // end, their own children become ours, and this runs again.
  void kill_strays() {
    for (const pid_t child : own_children()) {
      if (workers_.contains(child) || cells_.holds(child) || births_.holds(child) || belongs_to_living_worker(child)) continue;
      ::kill(child, SIGKILL);
    }
  }

  bool belongs_to_living_worker(pid_t pid) const {
    if (workers_.contains(::getsid(pid))) return true;
    std::vector<std::string> marks;
    for (const auto& [number, worker] : workers_) marks.push_back(worker.mark);
    return carries(pid, marks);
  }

  // Kills all, and all that become ours by that, until none is left.
  void end_all() {
    for (auto& [pid, worker] : workers_) {
      ::kill(-pid, SIGKILL);
      ending_.emplace(pid, std::move(worker.belongings));
    }
    workers_.clear();
    cells_.destroy_all();
    zygotes_.destroy_all();
    births_.end_spare();
    const auto until = Clock::now() + farewell;
    while (Clock::now() < until) {
      kill_strays();
      pid_t pid = 0;
      while ((pid = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
        if (!births_.forget(pid)) cells_.forget(pid);
      }
      if (pid < 0 && errno == ECHILD) break;
      pollfd wanted{deaths_.get(), POLLIN, 0};
      ::poll(&wanted, 1, 20);
      std::array<signalfd_siginfo, 16> news{};
      (void)!::read(deaths_.get(), news.data(), sizeof news);
    }
    for (auto& [pid, belongings] : ending_) release(belongings);
  }

  os::Fd socket_;
  os::Fd deaths_;
  std::vector<std::byte> packet_;
  sandbox::Planner planner_;
  Cells cells_;
  Users users_;
  Zygotes zygotes_;
  Births births_{cells_, zygotes_};
  const std::chrono::milliseconds rest_after_;
  Ahead ahead_ = Ahead::gone;
  std::map<pid_t, Worker> workers_;
  std::map<pid_t, Belongings> ending_;  // by the holder of a cell that is about to end
};

}  // namespace

int run(os::Fd socket, const Options& options) { return Launcher(std::move(socket), options).serve(); }

}  // namespace mortise::runtime::launcher
