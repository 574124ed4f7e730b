#include "runtime/output.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "os/socket.h"

namespace mortise::runtime {
namespace {

constexpr std::size_t chunk = 64U << 10;
constexpr std::size_t one_turn = 1U << 20;       // of one pipe, before the reactor looks after the others
constexpr std::size_t at_the_end = 4U << 20;     // what a pipe may still hold, and a little more

std::string valid_utf8(std::string_view text) {
  std::string clean;
  while (true) {
    const std::size_t bad = std::min(find_invalid_utf8(text), text.size());
    clean.append(text.substr(0, bad));
    if (bad == text.size()) return clean;
    append_utf8(clean, 0xFFFD);
    text.remove_prefix(bad + 1);
  }
}

}  // namespace

std::string_view name_of(Output::Stream stream) noexcept { return stream == Output::Stream::out ? "stdout" : "stderr"; }

Output::Output(Reactor& reactor, Log log, os::Fd out, os::Fd err, std::function<void()> news, OutputLimits limits)
    : reactor_(reactor), log_(std::move(log)), news_(std::move(news)), limits_(limits) {
  pipes_[0].end = std::move(out);
  pipes_[1].end = std::move(err);
  pipes_[1].stream = Stream::err;
  either_ = os::Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!either_) throw os::system_error("cannot watch the output of a worker", "");
  for (std::uint32_t i = 0; i < pipes_.size(); ++i) {
    os::set_nonblocking(pipes_[i].end.get());
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = i;
    if (::epoll_ctl(either_.get(), EPOLL_CTL_ADD, pipes_[i].end.get(), &event) != 0) {
      throw os::system_error("cannot watch the output of a worker", "");
    }
  }
  const std::lock_guard lock(mutex_);  // the handler needs watch_
  watch_ = reactor_.watch(either_.get(), EPOLLIN | EPOLLONESHOT, [this](std::uint32_t) { readable(); });
}

Output::~Output() { reactor_.unwatch(watch_, either_.get()); }

void Output::readable() {
  bool waiting = false;
  {
    const std::lock_guard lock(mutex_);
    drain_both(one_turn);
    if (!pipes_[0].ended || !pipes_[1].ended) reactor_.rearm(watch_, either_.get(), EPOLLIN | EPOLLONESHOT);
    waiting = in_call_ && !lines_.empty();
  }
  if (waiting) news_();
}

// Usually there is nothing, and asking is all that a call pays.
void Output::drain_both(std::size_t most) {
  std::array<epoll_event, 2> ready;
  const int count = ::epoll_wait(either_.get(), ready.data(), static_cast<int>(ready.size()), 0);
  for (int i = 0; i < count; ++i) drain(pipes_[ready[static_cast<std::size_t>(i)].data.u32], most);
}

// Reads until the pipe is empty, at most about `most` bytes.
void Output::drain(Pipe& pipe, std::size_t most) {
  std::array<char, chunk> buffer;
  for (std::size_t total = 0; total < most;) {
    const ssize_t got = ::read(pipe.end.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    if (got == 0) {
      if (!pipe.part.empty()) finish_line(pipe);
      ::epoll_ctl(either_.get(), EPOLL_CTL_DEL, pipe.end.get(), nullptr);
      pipe.ended = true;
      return;
    }
    split(pipe, {buffer.data(), static_cast<std::size_t>(got)});
    total += static_cast<std::size_t>(got);
    if (static_cast<std::size_t>(got) < buffer.size()) return;  // it is empty now, or nearly
  }
}

void Output::split(Pipe& pipe, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, newline);
    const std::size_t room = limits_.line - std::min(pipe.part.size(), limits_.line);
    pipe.part.append(piece.substr(0, room));
    if (piece.size() > room) dropped_ += piece.size() - room;
    if (newline == std::string_view::npos) return;
    finish_line(pipe);
    bytes.remove_prefix(newline + 1);
  }
}

void Output::finish_line(Pipe& pipe) {
  std::string text = std::exchange(pipe.part, {});
  if (!text.empty() && text.back() == '\r') text.pop_back();
  if (!in_call_) renew_allowance();
  if (kept_ + text.size() > limits_.call) {
    if (!in_call_ && dropped_ == 0) log_.warning("it prints too much outside of calls; what follows is dropped for a while");
    dropped_ += text.size() + 1;
    if (pipe.stream == Stream::err) remember(valid_utf8(text));  // how it ended matters more than how it began
    return;
  }
  kept_ += text.size() + 1;
  text = valid_utf8(text);
  if (pipe.stream == Stream::err) remember(text);
  if (in_call_) {
    lines_.push_back({pipe.stream, std::move(text)});
  } else {
    log_.info(text, {{"stream", name_of(pipe.stream)}});
  }
}

// Outside of calls the limit is one per minute.
void Output::renew_allowance() {
  const auto now = Clock::now();
  if (now - allowance_since_ < std::chrono::minutes(1)) return;
  allowance_since_ = now;
  kept_ = 0;
  dropped_ = 0;
}

void Output::remember(const std::string& text) {
  last_.emplace_back(utf8_prefix(text, limits_.last_bytes));
  last_size_ += last_.back().size();
  while (last_.size() > limits_.last_lines || (last_size_ > limits_.last_bytes && last_.size() > 1)) {
    last_size_ -= last_.front().size();
    last_.pop_front();
  }
}

void Output::begin() {
  const std::lock_guard lock(mutex_);
  in_call_ = true;
  kept_ = 0;
  dropped_ = 0;
}

std::vector<Output::Line> Output::collect() {
  const std::lock_guard lock(mutex_);
  drain_both(at_the_end);
  return std::exchange(lines_, {});
}

std::vector<Output::Line> Output::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(lines_, {});
}

Output::Rest Output::end() {
  const std::lock_guard lock(mutex_);
  drain_both(at_the_end);
  for (Pipe& pipe : pipes_) {
    if (!pipe.part.empty()) finish_line(pipe);
  }
  in_call_ = false;
  kept_ = 0;
  return {std::exchange(lines_, {}), std::exchange(dropped_, 0)};
}

std::string Output::last_words() {
  const std::lock_guard lock(mutex_);
  drain_both(at_the_end);
  std::string text;
  for (const std::string& line : last_) {
    if (!text.empty()) text += '\n';
    text += line;
  }
  return text;
}

}  // namespace mortise::runtime
