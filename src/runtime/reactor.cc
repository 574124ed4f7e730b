#include "runtime/reactor.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace mortise::runtime {
namespace {
constexpr Reactor::Id bell_id = 1;
}

Reactor::Reactor(Log log) : log_(std::move(log)), epoll_(::epoll_create1(EPOLL_CLOEXEC)), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_ || !bell_) throw os::system_error("cannot make an event loop", "");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = bell_id;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell_.get(), &event) != 0) throw os::system_error("cannot make an event loop", "");
  thread_ = std::thread([this] { run(); });
}

Reactor::~Reactor() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake();
  thread_.join();
}

void Reactor::wake() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(bell_.get(), &one, sizeof one);
}

void Reactor::post(Task task) {
  bool asleep = false;
  {
    const std::lock_guard lock(mutex_);
    asleep = tasks_.empty();  // whoever came first rang
    tasks_.push_back(std::move(task));
  }
  if (asleep) wake();
}

Reactor::Id Reactor::at(Clock::time_point when, Task task) {
  Id id = 0;
  bool earlier = false;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_id_;
    timers_.emplace(std::pair(when, id), std::move(task));
    timer_times_.emplace(id, when);
    earlier = when < sleeping_until_;
  }
  if (earlier) wake();
  return id;
}

void Reactor::forget(Id timer) {
  Task dropped;  // its captures go outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = timer_times_.find(timer);
  if (found == timer_times_.end()) return;
  auto node = timers_.extract({found->second, timer});
  if (!node.empty()) dropped = std::move(node.mapped());
  timer_times_.erase(found);
}

Reactor::Id Reactor::watch(int descriptor, std::uint32_t events, Handler handler) {
  Id id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_id_;
    handlers_.emplace(id, std::make_shared<Handler>(std::move(handler)));
  }
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    const Error error = os::system_error("cannot watch a descriptor", "");
    const std::lock_guard lock(mutex_);
    handlers_.erase(id);
    throw error;
  }
  return id;
}

void Reactor::rearm(Id watch, int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = watch;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event) != 0) throw os::system_error("cannot watch a descriptor", "");
}

void Reactor::unwatch(Id watch, int descriptor) {
  std::shared_ptr<Handler> dropped;
  std::unique_lock lock(mutex_);
  const auto found = handlers_.find(watch);
  if (found == handlers_.end()) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  dropped = std::move(found->second);
  handlers_.erase(found);
  if (!on_thread()) handled_.wait(lock, [&] { return running_ != watch; });
  lock.unlock();
}

void Reactor::run() {
  owner_ = std::this_thread::get_id();
  std::array<epoll_event, 64> events{};
  while (true) {
    run_tasks();
    run_timers();
    const int timeout = patience();
    if (timeout < 0) return;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
    {
      const std::lock_guard lock(mutex_);
      sleeping_until_ = Clock::time_point::min();
    }
    for (int i = 0; i < count; ++i) dispatch(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
  }
}

// How long to sleep, in ms; negative: the end.
int Reactor::patience() {
  const std::lock_guard lock(mutex_);
  if (!tasks_.empty()) return 0;
  if (stop_) return -1;
  sleeping_until_ = Clock::time_point::max();
  if (timers_.empty()) return 3'600'000;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - Clock::now()).count();
  if (left <= 0) return 0;
  sleeping_until_ = timers_.begin()->first.first;
  return static_cast<int>(std::min<std::int64_t>(left, 3'600'000));
}

void Reactor::run_tasks() {
  std::vector<Task> now;
  {
    const std::lock_guard lock(mutex_);
    now.swap(tasks_);
  }
  for (Task& task : now) {
    guarded(task);
    task = nullptr;
  }
}

void Reactor::run_timers() {
  const auto now = Clock::now();
  while (true) {
    Task task;
    {
      const std::lock_guard lock(mutex_);
      if (timers_.empty() || timers_.begin()->first.first > now) return;
      auto node = timers_.extract(timers_.begin());
      timer_times_.erase(node.key().second);
      task = std::move(node.mapped());
    }
    guarded(task);
  }
}

void Reactor::dispatch(Id id, std::uint32_t events) {
  if (id == bell_id) {
    std::uint64_t rings = 0;
    (void)!::read(bell_.get(), &rings, sizeof rings);
    return;
  }
  std::shared_ptr<Handler> handler;
  {
    const std::lock_guard lock(mutex_);
    const auto found = handlers_.find(id);
    if (found == handlers_.end()) return;
    handler = found->second;
    running_ = id;
  }
  guarded([&] { (*handler)(events); });
  handler.reset();  // when unwatched meanwhile, its captures go before whoever waits for that goes on
  {
    const std::lock_guard lock(mutex_);
    running_ = 0;
  }
  handled_.notify_all();
}

void Reactor::guarded(const Task& task) noexcept {
  try {
    task();
  } catch (const Error& error) {
    log_.failure("a task of the event loop failed", error);
  } catch (const std::exception& error) {
    log_.error("a task of the event loop failed", {{"error", error.what()}});
  }
}

}  // namespace mortise::runtime
