// TaskThreads: threads for work that may block, made when needed and kept for a while.
//
// For what must not stall the reactor: starting workers, services that a worker asks for, cleaning up. The number is
// bounded; beyond it tasks wait in line.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/log.h"

namespace mortise::runtime {

class TaskThreads {
 public:
  explicit TaskThreads(Log log, std::size_t limit = 256) : log_(std::move(log)), limit_(limit) {}
  ~TaskThreads();  // waits for all tasks, also those in line
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  void run(std::function<void()> task);

 private:
  void work();
  void guarded(const std::function<void()>& task) noexcept;

  const Log log_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable news_;   // a task came, or the end
  std::condition_variable gone_;   // a thread ended
  std::deque<std::function<void()>> tasks_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  bool stop_ = false;
};

}  // namespace mortise::runtime
