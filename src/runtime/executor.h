// Executor: the threads that enter one plugin of this process on behalf of callers who may not wait for ever.
//
// A thread is made when a task finds none idle, and stays. The number is bounded by whoever posts (an instance posts no more
// tasks than it takes calls at once). The destructor waits for tasks that end within a moment; a thread that is stuck in the
// plugin is left behind, with its share of everything it uses, because no thread can be killed.
#pragma once

#include <functional>
#include <memory>

namespace mortise::runtime {

class Executor {
 public:
  using Task = std::function<void()>;

  Executor();
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // `task` must not throw. Throws Error{busy} when there is no thread for it.
  void post(Task task);

 private:
  struct State;
  static void work(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace mortise::runtime
