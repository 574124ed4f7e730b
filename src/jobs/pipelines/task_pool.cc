#include "jobs/pipelines/task_pool.h"

namespace mortise::jobs {

TaskPool::TaskPool(std::size_t threads) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

TaskPool::~TaskPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void TaskPool::post_at(Clock::time_point due, Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.emplace(std::make_pair(due, next_++), std::move(task));
  }
  changed_.notify_one();
}

void TaskPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (tasks_.empty()) {
      if (ending_) return;
      changed_.wait(lock);
      continue;
    }
    const Clock::time_point due = tasks_.begin()->first.first;
    if (due > Clock::now()) {
      if (ending_) return;
      changed_.wait_until(lock, due);
      continue;
    }
    Task task = std::move(tasks_.extract(tasks_.begin()).mapped());
    if (!tasks_.empty()) changed_.notify_one();
    lock.unlock();
    task();
    task = nullptr;  // what it held is freed outside the lock
    lock.lock();
  }
}

}  // namespace mortise::jobs
