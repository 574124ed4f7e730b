#include "runtime/child/hangup_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>

namespace mortise::runtime::child {
namespace {

constexpr int grace_ms = 1000;

// True when the watch was stopped.
bool stopped_within(int stop, int timeout) noexcept {
  pollfd wanted{stop, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&wanted, 1, timeout);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

void watch(int socket, int stop) noexcept {
  std::array<pollfd, 2> wanted{{{socket, POLLRDHUP, 0}, {stop, POLLIN, 0}}};
  while (wanted[0].revents == 0) {
    if (::poll(wanted.data(), wanted.size(), -1) < 0 && errno != EINTR) return;
    if (wanted[1].revents != 0) return;
  }
  if (!stopped_within(stop, grace_ms)) ::_exit(0);
}

}  // namespace

HangupWatch::HangupWatch(int socket) : stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (!stop_) throw os::system_error("cannot make an event", "");
  sigset_t all;  // signals are for the plugin's own threads
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([socket, stop = stop_.get()] { watch(socket, stop); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

HangupWatch::~HangupWatch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

}  // namespace mortise::runtime::child
