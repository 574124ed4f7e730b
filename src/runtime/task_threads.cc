#include "runtime/task_threads.h"

#include "base/error.h"

namespace mortise::runtime {
namespace {
constexpr std::chrono::seconds patience{10};  // an idle thread waits so long for the next task
}

TaskThreads::~TaskThreads() {
  std::unique_lock lock(mutex_);
  stop_ = true;
  news_.notify_all();
  gone_.wait(lock, [&] { return threads_ == 0; });
}

void TaskThreads::run(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  if (tasks_.size() > idle_ && threads_ < limit_) {
    std::thread([this] { work(); }).detach();  // the destructor waits for it
    ++threads_;
  } else {
    news_.notify_one();
  }
}

void TaskThreads::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (tasks_.empty()) {
      if (stop_) break;
      ++idle_;
      const bool woken = news_.wait_for(lock, patience, [&] { return stop_ || !tasks_.empty(); });
      --idle_;
      if (!woken) break;
      continue;
    }
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    guarded(task);
    task = nullptr;
    lock.lock();
  }
  --threads_;
  gone_.notify_all();  // under the lock: after it, the destructor may have gone
}

void TaskThreads::guarded(const std::function<void()>& task) noexcept {
  try {
    task();
  } catch (const Error& error) {
    log_.failure("a task failed", error);
  } catch (const std::exception& error) {
    log_.error("a task failed", {{"error", error.what()}});
  }
}

}  // namespace mortise::runtime
