#include "http/outbox.h"

namespace mortise::http {

bool Outbox::send(std::string bytes) {
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return state_ != State::open || waiting_.size() < limit; });
    if (state_ != State::open) return false;
    const bool was_empty = waiting_.empty();
    waiting_ += bytes;
    if (!was_empty) return true;  // the I/O thread was woken already
  }
  wake_();
  return true;
}

void Outbox::end() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::open) return;
    state_ = State::ended;
  }
  wake_();
}

void Outbox::on_closed(std::function<void()> action) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::closed) {
      on_closed_.push_back(std::move(action));
      return;
    }
  }
  action();
}

Outbox::Taken Outbox::take() {
  const std::lock_guard lock(mutex_);
  Taken taken{std::move(waiting_), state_ == State::ended};
  waiting_.clear();
  room_.notify_all();
  return taken;
}

void Outbox::close() {
  std::vector<std::function<void()>> actions;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::closed) return;
    state_ = State::closed;
    waiting_ = {};
    actions.swap(on_closed_);
    room_.notify_all();
  }
  for (const auto& action : actions) action();
}

}  // namespace mortise::http
