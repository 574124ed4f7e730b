#include "cli/signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"

namespace mortise::cli {

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) throw Error(Code::internal, "cannot block signals");
  descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor_ < 0) throw Error(Code::internal, "cannot make a descriptor for signals");
}

Signals::~Signals() { ::close(descriptor_); }

std::optional<int> Signals::take() noexcept {
  signalfd_siginfo info{};
  if (::read(descriptor_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

int Signals::wait() noexcept {
  for (;;) {
    if (const auto signal = take()) return *signal;
    pollfd ready{descriptor_, POLLIN, 0};
    (void)::poll(&ready, 1, -1);
  }
}

std::optional<int> Signals::wait_for(std::chrono::milliseconds time) noexcept {
  if (const auto signal = take()) return signal;
  pollfd ready{descriptor_, POLLIN, 0};
  (void)::poll(&ready, 1, static_cast<int>(time.count()));
  return take();
}

}  // namespace mortise::cli
