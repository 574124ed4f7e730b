// A few threads that run the blocking handlers, so that the I/O thread never waits for one.
//
// The queue is bounded: beyond it a request is refused at once ("busy") instead of waiting for its turn until the client
// gives up.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mortise::http {

class WorkerThreads {
 public:
  WorkerThreads(std::size_t threads, std::size_t queue_limit);
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  ~WorkerThreads();

  // False when the queue is full or the threads are stopping; the task was not taken. Tasks must not throw.
  [[nodiscard]] bool post(std::function<void()> task);
  // Drops the tasks that have not begun, and waits for those that have.
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::size_t queue_limit_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace mortise::http
