#include "runtime/call.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <thread>
#include <utility>

namespace mortise::runtime {

// ---- names -----------------------------------------------------------------------------------------------------------

namespace {

struct OperationName {
  Operation operation;
  std::string_view name;
};
constexpr std::array operation_names{
    OperationName{Operation::validate, "validate"}, OperationName{Operation::step, "step"},
    OperationName{Operation::execute, "execute"},   OperationName{Operation::poll, "poll"},
    OperationName{Operation::aggregate, "aggregate"}, OperationName{Operation::infer, "infer"},
    OperationName{Operation::call, "call"},         OperationName{Operation::health, "health"},
};

}  // namespace

std::string_view name_of(Operation operation) noexcept {
  for (const OperationName& row : operation_names) {
    if (row.operation == operation) return row.name;
  }
  return "unknown";
}

std::optional<Operation> operation_named(std::string_view name) noexcept {
  for (const OperationName& row : operation_names) {
    if (row.name == name) return row.operation;
  }
  return std::nullopt;
}

std::string_view name_of(Ended ended) noexcept {
  switch (ended) {
    case Ended::ok: return "ok";
    case Ended::error: return "error";
    case Ended::timeout: return "timeout";
    case Ended::cancelled: return "cancelled";
    case Ended::crashed: return "crashed";
    case Ended::killed: return "killed";
    case Ended::denied: return "denied";
  }
  return "unknown";
}

Value Outcome::take() {
  if (ok()) return std::move(value);
  if (error) throw Error(*error);
  throw Error(Code::internal, "a call ended as " + std::string(name_of(ended)) + " without an error");
}

// ---- cancelling ------------------------------------------------------------------------------------------------------

struct CancelToken::State {
  std::atomic<bool> cancelled{false};
  std::mutex mutex;
  std::condition_variable ran;
  std::string reason;
  std::map<std::uint64_t, std::function<void()>> actions;
  std::uint64_t last_key = 0;
  std::uint64_t running = 0;  // the key of the action that runs now, 0: none
  std::thread::id runner;

  // Runs the actions one by one, outside the lock, so that an action may register or forget others.
  void run_actions(std::unique_lock<std::mutex>& lock) {
    runner = std::this_thread::get_id();
    while (!actions.empty()) {
      auto node = actions.extract(actions.begin());
      running = node.key();
      lock.unlock();
      try {
        node.mapped()();
      } catch (...) {  // on_cancel says that actions do not throw; one that does must not stop the others
      }
      node.mapped() = nullptr;  // what it captured dies before its registration may
      lock.lock();
      running = 0;
      ran.notify_all();
    }
    runner = {};
  }

  void forget(std::uint64_t key) {
    std::unique_lock lock(mutex);
    if (actions.erase(key) > 0) return;
    if (runner == std::this_thread::get_id()) return;  // an action that forgets itself
    ran.wait(lock, [&] { return running != key; });
  }
};

CancelToken CancelToken::make() { return CancelToken(std::make_shared<State>()); }

void CancelToken::cancel(std::string reason) {
  if (state_ == nullptr) return;
  std::unique_lock lock(state_->mutex);
  if (state_->cancelled.load(std::memory_order_relaxed)) return;
  state_->reason = std::move(reason);
  state_->cancelled.store(true, std::memory_order_release);
  const std::shared_ptr<State> keep = state_;  // an action may destroy this token
  keep->run_actions(lock);
}

bool CancelToken::cancelled() const noexcept {
  return state_ != nullptr && state_->cancelled.load(std::memory_order_acquire);
}

std::string CancelToken::reason() const {
  if (!cancelled()) return {};
  const std::lock_guard lock(state_->mutex);
  return state_->reason;
}

CancelToken::Registration CancelToken::on_cancel(std::function<void()> action) const {
  Registration registration;
  if (state_ == nullptr) return registration;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->cancelled.load(std::memory_order_relaxed)) {
      registration.key_ = ++state_->last_key;
      registration.state_ = state_;
      state_->actions.emplace(registration.key_, std::move(action));
      return registration;
    }
  }
  action();
  return registration;
}

CancelToken::Registration& CancelToken::Registration::operator=(Registration&& other) noexcept {
  if (this != &other) {
    if (state_ != nullptr) state_->forget(key_);
    state_ = std::move(other.state_);
    key_ = other.key_;
  }
  return *this;
}

CancelToken::Registration::~Registration() {
  if (state_ != nullptr) state_->forget(key_);
}

}  // namespace mortise::runtime
