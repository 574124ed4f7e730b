#include "runtime/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

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

WorkerProcess::WorkerProcess(os::Fd socket, std::uint64_t memory_quota, OnNews on_news)
    : channel_(std::move(socket)),
      memory_(memory_quota),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      on_news_(std::make_shared<const OnNews>(std::move(on_news))) {
  if (!bell_) throw os::system_error("cannot make a bell", "");
}

std::shared_ptr<WorkerProcess> WorkerProcess::start(Reactor& reactor, LauncherClient& launcher, const Log& log,
                                                    launcher::Order order, std::uint64_t memory_quota, OnNews on_news) {
  auto [mine, its] = os::socket_pair(os::SocketKind::stream);
  auto [out, out_end] = make_pipe();
  auto [err, err_end] = make_pipe();
  const std::shared_ptr<WorkerProcess> process(new WorkerProcess(std::move(mine), memory_quota, std::move(on_news)));
  const std::weak_ptr<WorkerProcess> weak = process;
  process->output_ = std::make_unique<Output>(reactor, log, std::move(out), std::move(err), [weak] {
    if (const auto alive = weak.lock()) alive->ring(news_output);
  });
  process->worker_ = launcher.start(std::move(order), its, out_end, err_end, [weak](const Death& death) {
    if (const auto alive = weak.lock()) alive->died(death);
  });
  return process;
}

WorkerProcess::~WorkerProcess() {
  if (worker_.process) kill();
}

void WorkerProcess::kill() noexcept { os::send_signal(worker_.process, SIGKILL); }

void WorkerProcess::died(const Death& death) {
  {
    const std::lock_guard lock(mutex_);
    death_ = death;
  }
  gone_.notify_all();
  ring(news_death);
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
