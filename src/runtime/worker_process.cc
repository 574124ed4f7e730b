#include "runtime/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/config_units.h"
#include "base/error.h"
#include "os/process.h"
#include "os/socket.h"

namespace mortise::runtime {
namespace {

std::pair<os::Fd, os::Fd> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw os::system_error("cannot make a pipe", "");
  return {os::Fd(ends[0]), os::Fd(ends[1])};
}

}  // namespace

WorkerProcess::WorkerProcess(os::Fd socket, const WorkerBounds& bounds, WorkerWatchdog& watchdog, OnNews on_news)
    : bounds_(bounds),
      watchdog_(watchdog),
      channel_(std::move(socket)),
      memory_(bounds.memory / 4 * 3),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      on_news_(std::make_shared<const OnNews>(std::move(on_news))) {
  if (!bell_) throw os::system_error("cannot make a bell", "");
}

std::shared_ptr<WorkerProcess> WorkerProcess::start(Reactor& reactor, LauncherClient& launcher, const Log& log,
                                                    launcher::Order order, const WorkerBounds& bounds,
                                                    const WorkerKeepers& keepers, OnNews on_news,
                                                    std::shared_ptr<egress::Rules> rules) {
  auto [mine, its] = os::socket_pair(os::SocketKind::stream);
  auto [out, out_end] = make_pipe();
  auto [err, err_end] = make_pipe();
  const std::shared_ptr<WorkerProcess> process(
      new WorkerProcess(std::move(mine), bounds, keepers.watchdog, std::move(on_news)));
  const std::weak_ptr<WorkerProcess> weak = process;
  process->output_ = std::make_unique<Output>(reactor, log, std::move(out), std::move(err), [weak] {
    if (const auto alive = weak.lock()) alive->ring(news_output);
  });
  process->group_ = keepers.berths.take(order, {bounds.memory, bounds.processes, bounds.processors});
  const std::vector<int> doors = process->group_ != nullptr ? (*process->group_)->doors() : std::vector<int>();
  process->worker_ = launcher.start(std::move(order), its, out_end, err_end, doors, [weak](const Death& death) {
    if (const auto alive = weak.lock()) alive->died(death);
  });
  process->guard(keepers);
  if (rules != nullptr && process->worker_.names && process->worker_.connects) {
    process->egress_ = std::make_unique<egress::Egress>(
        std::move(process->worker_.names), std::move(process->worker_.connects), std::move(rules),
        [weak, log](const egress::Denied& denied) {
          log.warning("denied: " + denied.what, {{"permission", denied.permission}});
          if (const auto alive = weak.lock()) alive->refused(denied);
        });
  }
  return process;
}

// What no group holds it to, the watchdog does.
void WorkerProcess::guard(const WorkerKeepers& keepers) {
  if (group_ != nullptr) (*group_)->close_doors();
  const os::CgroupSupport& support = keepers.groups.support();
  const WorkerWatchdog::Limits rest{support.memory ? 0 : bounds_.memory, support.processes ? 0 : bounds_.processes};
  if (rest.memory == 0 && rest.processes == 0) return;
  watched_ = watchdog_.watch(worker_.pid, rest, [weak = weak_from_this()](const WorkerWatchdog::Excess& excess) {
    if (const auto alive = weak.lock()) alive->went_over(excess);
  });
}

WorkerProcess::~WorkerProcess() {
  if (watched_) watchdog_.forget(*watched_);
  if (worker_.process) kill();
}

void WorkerProcess::went_over(const WorkerWatchdog::Excess& excess) {
  {
    const std::lock_guard lock(mutex_);
    over_limit_ = excess.memory > bounds_.memory
                      ? over_memory(excess.memory)
                      : Error(Code::plugin,
                              "had " + std::to_string(excess.processes) + " processes of " + std::to_string(bounds_.processes),
                              "raise limits.processes, or start fewer");
  }
  kill();
}

Error WorkerProcess::over_memory(std::uint64_t used) const {
  return Error(Code::plugin,
               "used " + config::size_text(std::max(used, bounds_.memory)) + " of " + config::size_text(bounds_.memory),
               "raise limits.memory or send smaller batches");
}

Use WorkerProcess::measure() const {
  Use use;
  if (group_ != nullptr) {
    const os::CgroupUse seen = (*group_)->use();
    use = {seen.cpu, seen.memory, seen.memory_peak};
  }
  if (pid() == 0) return use;  // it ended before its start was known here
  if (use.cpu.count() == 0) use.cpu = std::chrono::duration_cast<std::chrono::microseconds>(cpu());
  if (use.memory == 0) use.memory = os::resident_memory(static_cast<pid_t>(pid()));
  use.memory_peak = std::max({use.memory_peak, use.memory, peak_});
  return use;
}

Use WorkerProcess::use() const {
  const std::lock_guard lock(mutex_);
  return death_ ? last_use_ : measure();
}

std::uint64_t WorkerProcess::take_memory_peak() {
  if (group_ == nullptr) return os::resident_memory(static_cast<pid_t>(pid()));
  const std::uint64_t peak = (*group_)->take_memory_peak();
  const std::lock_guard lock(mutex_);
  peak_ = std::max(peak_, peak);
  return peak;
}

void WorkerProcess::kill() noexcept { os::send_signal(worker_.process, SIGKILL); }

void WorkerProcess::died(Death death) {
  {
    const std::lock_guard lock(mutex_);
    const bool killed = death.known && WIFSIGNALED(death.wait_status) && WTERMSIG(death.wait_status) == SIGKILL;
    if (killed && !over_limit_ && group_ != nullptr) {
      if (const os::CgroupUse seen = (*group_)->use(); seen.oom_kills > 0) over_limit_ = over_memory(seen.memory_peak);
    }
    last_use_ = measure();
    last_use_.cpu = std::max(last_use_.cpu, death.cpu);
    last_use_.memory_peak = std::max(last_use_.memory_peak, death.peak_resident);
    last_use_.memory = 0;
    if (killed) death.over_limit = over_limit_;
    death_ = std::move(death);
  }
  gone_.notify_all();
  ring(news_death);
}

void WorkerProcess::refused(const egress::Denied& denied) {
  constexpr std::size_t most = 16;
  const std::lock_guard lock(mutex_);
  if (denials_.size() < most) denials_.push_back(denied);
}

std::vector<egress::Denied> WorkerProcess::take_denials() {
  const std::lock_guard lock(mutex_);
  return std::exchange(denials_, {});
}

std::optional<Death> WorkerProcess::death() const {
  const std::lock_guard lock(mutex_);
  return death_;
}

bool WorkerProcess::wait_for_death(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return gone_.wait_for(lock, timeout, [&] { return death_.has_value(); });
}

void WorkerProcess::silence() {
  const std::lock_guard lock(mutex_);
  on_news_.reset();
}

void WorkerProcess::ring(News news) {
  news_.fetch_or(news, std::memory_order_acq_rel);
  const std::uint64_t one = 1;
  (void)!::write(bell_.get(), &one, sizeof one);
  channel_.interrupt();
  std::shared_ptr<const OnNews> listener;
  {
    const std::lock_guard lock(mutex_);
    listener = on_news_;
  }
  if (listener != nullptr) (*listener)(news);
}

void WorkerProcess::empty_bell() noexcept {
  std::uint64_t rings = 0;
  (void)!::read(bell_.get(), &rings, sizeof rings);
}

}  // namespace mortise::runtime
