// Reactor: the one thread that waits for everything (sockets, pipes, timers) on behalf of calls that nobody waits for.
//
// Handlers, timers and tasks run on its thread, one at a time, and must not block: whatever may take long goes to
// TaskThreads. One that throws is reported to the log and forgotten. All members may be called from any thread.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "os/fd.h"
#include "runtime/call.h"

namespace mortise::runtime {

class Reactor {
 public:
  using Task = std::function<void()>;
  using Handler = std::function<void(std::uint32_t events)>;
  using Id = std::uint64_t;  // never used twice; 0 is nobody's

  explicit Reactor(Log log);
  ~Reactor();  // tasks already posted run, timers do not
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  [[nodiscard]] bool on_thread() const noexcept { return std::this_thread::get_id() == owner_.load(); }

  void post(Task task);

  Id at(Clock::time_point when, Task task);
  // A timer whose task began is not stopped; on the reactor's own thread there is no such moment.
  void forget(Id timer);

  // Watches a descriptor for EPOLL* events. With EPOLLONESHOT the handler runs once for each rearm().
  Id watch(int descriptor, std::uint32_t events, Handler handler);
  void rearm(Id watch, int descriptor, std::uint32_t events);
  // Afterwards the handler does not run and will not, so its captures and the descriptor may go. From the reactor's own
  // thread it returns at once (the running handler is the caller).
  void unwatch(Id watch, int descriptor);

 private:
  void run();
  void run_tasks();
  void run_timers();
  void dispatch(Id id, std::uint32_t events);
  [[nodiscard]] int patience();
  void guarded(const Task& task) noexcept;
  void wake() noexcept;

  const Log log_;
  os::Fd epoll_;
  os::Fd bell_;
  std::mutex mutex_;
  std::condition_variable handled_;
  std::vector<Task> tasks_;
  std::map<std::pair<Clock::time_point, Id>, Task> timers_;
  std::unordered_map<Id, Clock::time_point> timer_times_;
  std::unordered_map<Id, std::shared_ptr<Handler>> handlers_;
  Id last_id_ = 1;       // 1 is the bell
  Id running_ = 0;       // the watch whose handler runs
  Clock::time_point sleeping_until_ = Clock::time_point::min();  // when the thread sleeps; min when it does not
  bool stop_ = false;
  std::atomic<std::thread::id> owner_{};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace mortise::runtime
