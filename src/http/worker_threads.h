// Threads that run the handlers which block, so that the I/O thread never waits for one.
//
// Threads are made when there is work for them and kept. The queue is bounded: beyond it a request is refused at once
// ("busy") instead of waiting for its turn until the client gives up.
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
  WorkerThreads(std::size_t most_threads, std::size_t queue_limit);
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;
  ~WorkerThreads();

  // False when all threads are at work and the queue is full, or they are stopping; the task was not taken. Tasks must not
  // throw.
  [[nodiscard]] bool post(std::function<void()> task);
  // Drops the tasks that have not begun, and waits for those that have.
  void stop();

 private:
  void work();

  const std::size_t most_threads_, queue_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace mortise::http
