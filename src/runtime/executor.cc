#include "runtime/executor.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"

namespace mortise::runtime {
namespace {

constexpr std::chrono::milliseconds moment{200};

}  // namespace

struct Executor::State {
  std::mutex mutex;
  std::condition_variable news;  // a task, or the end
  std::condition_variable gone;  // a thread ended
  std::deque<Task> tasks;
  std::set<std::thread::id> threads;
  std::size_t idle = 0;
  bool stop = false;
};

Executor::Executor() : state_(std::make_shared<State>()) {}

Executor::~Executor() {
  std::unique_lock lock(state_->mutex);
  state_->stop = true;
  state_->news.notify_all();
  const std::size_t mine = state_->threads.count(std::this_thread::get_id());  // the last task let go of its own executor
  state_->gone.wait_for(lock, moment, [&] { return state_->threads.size() == mine; });
}

void Executor::post(Task task) {
  const std::lock_guard lock(state_->mutex);
  state_->tasks.push_back(std::move(task));
  if (state_->tasks.size() <= state_->idle) {
    state_->news.notify_one();
    return;
  }
  try {
    std::thread thread([state = state_] { work(state); });
    state_->threads.insert(thread.get_id());
    thread.detach();
  } catch (const std::system_error& failure) {
    state_->tasks.pop_back();
    throw Error(Code::busy, std::string("no thread for a call into a plugin: ") + failure.what(), "try again later");
  }
}

void Executor::work(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    ++state->idle;
    state->news.wait(lock, [&] { return state->stop || !state->tasks.empty(); });
    --state->idle;
    if (state->tasks.empty()) break;
    Task task = std::move(state->tasks.front());
    state->tasks.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
  state->threads.erase(std::this_thread::get_id());
  state->gone.notify_all();
}

}  // namespace mortise::runtime
