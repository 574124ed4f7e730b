// TaskPool: a fixed number of threads that run posted tasks in the order in which they become due. Steps block such a thread
// while their plugin works, so the number of threads is the number of steps that run at once in the whole host.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace mortise::jobs {

class TaskPool {
 public:
  using Clock = std::chrono::steady_clock;
  using Task = std::function<void()>;  // must not throw

  explicit TaskPool(std::size_t threads);
  // Runs what is due, drops what is not, joins.
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  void post(Task task) { post_at(Clock::now(), std::move(task)); }
  void post_at(Clock::time_point due, Task task);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<Clock::time_point, std::uint64_t>, Task> tasks_;  // by due time, then by arrival
  std::uint64_t next_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace mortise::jobs
