#include "http/worker_threads.h"

namespace mortise::http {

WorkerThreads::WorkerThreads(std::size_t most_threads, std::size_t queue_limit)
    : most_threads_(most_threads), queue_limit_(queue_limit) {}

WorkerThreads::~WorkerThreads() { stop(); }

bool WorkerThreads::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    if (queue_.size() >= idle_) {  // nobody is free for one more
      if (threads_.size() < most_threads_) {
        threads_.emplace_back([this] { work(); });
        ++idle_;  // until it has taken its first task
      } else if (queue_.size() >= idle_ + queue_limit_) {
        return false;
      }
    }
    queue_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void WorkerThreads::stop() {
  std::deque<std::function<void()>> dropped;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
    threads.swap(threads_);
  }
  changed_.notify_all();
  dropped.clear();  // outside the lock: what a task owns may answer its request when it goes
  for (std::thread& thread : threads) thread.join();
}

void WorkerThreads::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    --idle_;
    lock.unlock();
    task();
    task = nullptr;  // what it owns goes outside the lock
    lock.lock();
    ++idle_;
  }
}

}  // namespace mortise::http
