#include "runtime/task.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "os/fd.h"
#include "os/process.h"

namespace mortise::runtime {
namespace {

constexpr std::size_t most_printed = 256U << 10;
constexpr std::size_t longest_line = 1U << 20;
constexpr std::size_t most_reported = 64U << 20;
constexpr auto look = std::chrono::milliseconds(100);      // how often somebody may have changed his mind
constexpr auto last_words = std::chrono::seconds(2);       // for what is still in the pipes

std::pair<os::Fd, os::Fd> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw os::system_error("cannot make a pipe", "");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {os::Fd(ends[0]), os::Fd(ends[1])};
}

// How it ended, told by another thread.
class Grave {
 public:
  Grave() : bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!bell_) throw os::system_error("cannot make a bell", "");
  }
  void fill(const Death& death) {
    const std::lock_guard lock(mutex_);
    death_ = death;
    const std::uint64_t one = 1;
    (void)!::write(bell_.get(), &one, sizeof one);
  }
  [[nodiscard]] std::optional<Death> death() const {
    const std::lock_guard lock(mutex_);
    return death_;
  }
  [[nodiscard]] int bell() const noexcept { return bell_.get(); }

 private:
  os::Fd bell_;
  mutable std::mutex mutex_;
  std::optional<Death> death_;
};

// One pipe, read as it comes. False: it is at its end.
bool read_some(const os::Fd& pipe, std::string& into) {
  std::array<char, 16384> bytes{};
  const ssize_t size = ::read(pipe.get(), bytes.data(), bytes.size());
  if (size > 0) into.append(bytes.data(), static_cast<std::size_t>(size));
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

class Listening {
 public:
  Listening(os::Fd output, os::Fd report, const std::function<void(std::string_view)>& line)
      : output_(std::move(output)), report_(std::move(report)), line_(line) {}

  // Waits for something to happen, at most until `until`. True while anything may still come out of the pipes.
  bool wait(int bell, std::chrono::milliseconds most) {
    std::array<pollfd, 3> all{{{bell, POLLIN, 0}, {output_.get(), POLLIN, 0}, {report_.get(), POLLIN, 0}}};
    if (::poll(all.data(), all.size(), static_cast<int>(most.count())) < 0) return true;
    if (all[1].revents != 0 && !read_some(output_, printed_)) output_.close();
    if (all[2].revents != 0 && !read_some(report_, reported_)) report_.close();
    if (printed_.size() > 2 * most_printed) printed_.erase(0, printed_.size() - most_printed);
    take_lines();
    return output_ || report_;
  }
  [[nodiscard]] bool too_much() const noexcept { return reported_.size() > longest_line || taken_ > most_reported; }
  [[nodiscard]] std::string printed() && {
    if (printed_.size() > most_printed) printed_.erase(0, printed_.size() - most_printed);
    return std::move(printed_);
  }

 private:
  void take_lines() {
    std::size_t begin = 0;
    for (std::size_t end; (end = reported_.find('\n', begin)) != std::string::npos; begin = end + 1)
      line_(std::string_view(reported_).substr(begin, end - begin));
    taken_ += begin;
    reported_.erase(0, begin);
  }

  os::Fd output_, report_;
  const std::function<void(std::string_view)>& line_;
  std::string printed_, reported_;
  std::size_t taken_ = 0;
};

}  // namespace

std::string TaskEnd::describe() const {
  switch (how) {
    case How::timed_out: return "was stopped when its time was over";
    case How::cancelled: return "was cancelled";
    case How::talked_too_much: return "was stopped because it reported too much";
    case How::exited: break;
  }
  return death.describe();
}

TaskEnd run_task(Workshop& workshop, launcher::Order order, const TaskBounds& bounds,
               const std::function<void(std::string_view)>& line) {
  auto [output, output_end] = make_pipe();
  auto [report, report_end] = make_pipe();
  ::fchmod(report_end.get(), 0622);  // R can only open it by its name, and may run as somebody else
  const auto grave = std::make_shared<Grave>();
  const auto process = workshop.launcher().start(std::move(order), report_end, output_end, output_end, {},
                                                 [grave](const Death& death) { grave->fill(death); });
  output_end.close();
  report_end.close();
  Listening listening(std::move(output), std::move(report), line);
  TaskEnd ended;
  const auto stop = [&](TaskEnd::How how) {
    if (ended.how == TaskEnd::How::exited) ended.how = how;
    os::send_signal(process.process, SIGKILL);
  };
  while (!grave->death()) {
    (void)listening.wait(grave->bell(), look);
    if (listening.too_much()) stop(TaskEnd::How::talked_too_much);
    else if (Clock::now() > bounds.deadline) stop(TaskEnd::How::timed_out);
    else if (bounds.cancelled && bounds.cancelled()) stop(TaskEnd::How::cancelled);
  }
  const auto until = Clock::now() + last_words;  // what it started may still hold the pipes
  while (Clock::now() < until && !listening.too_much() && listening.wait(-1, look)) {
  }
  ended.death = *grave->death();
  ended.printed = std::move(listening).printed();
  return ended;
}

}  // namespace mortise::runtime
