#include "http/outbox.h"

namespace mortise::http {

bool Outbox::send(std::string bytes) {
  bool sent = true;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::open) return false;
    const bool was_empty = waiting_.empty();
    if (waiting_.size() + bytes.size() > limit) {
      state_ = State::overrun;
      waiting_ = {};
      sent = false;
    } else {
      waiting_ += bytes;
      if (!was_empty) return true;  // the I/O thread was woken already
    }
  }
  wake_();
  return sent;
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
  Taken taken{std::move(waiting_), state_ == State::ended, state_ == State::overrun};
  waiting_.clear();
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
  }
  for (const auto& action : actions) action();
}

}  // namespace mortise::http
