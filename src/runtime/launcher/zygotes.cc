#include "runtime/launcher/zygotes.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "os/process.h"
#include "os/socket.h"
#include "runtime/launcher/strays.h"
#include "runtime/zygote/request.h"

namespace mortise::runtime::launcher {
namespace {

constexpr std::chrono::seconds patience{5};      // for an answer
constexpr std::chrono::seconds first_pause{1};   // after a failure; twice as long after each further one
constexpr std::uint32_t longest_doubling = 6;
constexpr std::chrono::hours longest_life{1};
constexpr std::size_t most_zygotes = 16;
constexpr std::size_t mark_size = 40;  // of the longest one: two numbers and a dot

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& one : texts) all.push_back(one.data());
  all.push_back(nullptr);
  return all;
}

// In a session of its own, with clean signals, our errors as its output, and the socket as its descriptor 3.
pid_t spawn(const ZygoteWords& words, const os::Fd& socket) {
  std::vector<std::string> arguments = words.arguments, environment = words.environment;
  environment.push_back(mark_variable(std::string(mark_size, ' ')));  // a place for those of workers
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, socket.get(), 3);
  ::posix_spawn_file_actions_adddup2(&actions, 2, 1);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addchdir_np(&actions, "/");
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, arguments.front().c_str(), &actions, &attributes, pointers(arguments).data(), pointers(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw os::system_error("cannot start", arguments.front(), error);
  return pid;
}

template <typename Message>
bool receive(const os::Fd& socket, Message& message) {
  std::vector<os::Fd> none;
  const os::Transfer got = os::receive_some(socket.get(), std::as_writable_bytes(std::span(&message, 1)), none);
  return got.io == os::Io::done && got.bytes == sizeof message && message.tag == Message::right;
}

// A number that a zygote told us means a child of ours, that is not reaped before we know it.
bool is_own_child(pid_t pid) noexcept {
  siginfo_t info{};
  return pid > 0 && ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

bool Zygote::serves(const ZygoteWords& words) const {
  return words.arguments == words_.arguments && words.environment == words_.environment;
}

bool Zygote::ready(std::string& why) {
  if (state_ == State::loading) hear();
  if (state_ == State::waiting && Clock::now() - started_ > longest_life) end();
  if (state_ == State::waiting) return true;
  if (state_ == State::loading) {
    why = "its zygote is still loading";
    return false;
  }
  if (wanted_++ < words_.after) {
    why = "a zygote is started once more workers of its kind are";
    return false;
  }
  if (Clock::now() < not_before_) {
    why = "its zygote failed: " + problem_;
    return false;
  }
  why = "its zygote starts now";
  prepare();
  return false;
}

void Zygote::prepare() {
  if (state_ != State::absent) return;
  try {
    start();
  } catch (const Error& error) {
    broke(error.what());
  }
}

void Zygote::start() {
  auto [mine, its] = os::socket_pair(os::SocketKind::packet);
  pid_ = spawn(words_, its);
  socket_ = std::move(mine);
  started_ = Clock::now();
  state_ = State::loading;
}

void Zygote::hear() {
  if (!os::wait_readable(socket_.get(), std::chrono::milliseconds(0))) return;
  zygote::Ready told;
  if (!receive(socket_, told)) return broke("it ended while it loaded");
  told.problem[sizeof told.problem - 1] = '\0';
  if (told.problem[0] != '\0') return broke(told.problem);
  state_ = State::waiting;
  failures_ = 0;
}

std::optional<Unborn> Zygote::fork_into(const sandbox::Cell& cell, sandbox::Layers layers) {
  auto [line, its] = os::socket_pair(os::SocketKind::packet);
  zygote::Request request;
  std::vector<int> descriptors{its.get()};
  const sandbox::Spaces spaces = cell.spaces();
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    if (spaces[i] < 0) continue;
    request.spaces |= 1U << i;
    descriptors.push_back(spaces[i]);
  }
  zygote::Born born;
  try {
    if (!os::send_all(socket_.get(), std::as_bytes(std::span(&request, 1)), descriptors, patience) ||
        !os::wait_readable(socket_.get(), patience) || !receive(socket_, born)) {
      broke("it ended");
      return std::nullopt;
    }
  } catch (const Error& error) {
    broke(error.what());
    return std::nullopt;
  }
  if (is_own_child(born.helper)) ::waitpid(born.helper, nullptr, 0);
  if (is_own_child(born.pid)) return Unborn{born.pid, cell.holder(), layers, std::move(line), 0};
  broke(std::string("it cannot fork: ") + std::strerror(born.error));
  return std::nullopt;
}

void Zygote::broke(const std::string& why) {
  problem_ = why;
  std::fprintf(stderr, "mortise-launcher: the zygote '%s' failed: %s\n", words_.arguments.front().c_str(), why.c_str());
  end();
  not_before_ = Clock::now() + first_pause * (1U << std::min(failures_, longest_doubling));
  ++failures_;
}

void Zygote::end() noexcept {
  spare_.lose();
  socket_.close();
  if (pid_ > 0) ::kill(pid_, SIGKILL);
  state_ = State::absent;
}

void Zygote::ended() noexcept {
  socket_.close();
  pid_ = 0;
  state_ = State::absent;
}

Zygote& Zygotes::of(const ZygoteWords& words) {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Zygote& one) { return one.serves(words); });
  if (found != all_.end()) {
    all_.splice(all_.end(), all_, found);
    return all_.back();
  }
  if (all_.size() >= most_zygotes) {
    all_.front().end();  // whose use is longest ago
    all_.pop_front();
  }
  return all_.emplace_back(words);
}

bool Zygotes::holds(pid_t pid) const noexcept {
  return std::any_of(all_.begin(), all_.end(), [pid](const Zygote& one) { return one.pid() == pid || one.spare().is(pid); });
}

bool Zygotes::forget(pid_t pid) noexcept {
  for (Zygote& one : all_) {
    if (one.pid() != pid && !one.spare().is(pid)) continue;
    one.pid() == pid ? one.ended() : one.spare().lose();
    return true;
  }
  return false;
}

Zygote* Zygotes::wants_spare() noexcept {
  const auto found = std::find_if(all_.begin(), all_.end(), [](const Zygote& one) { return one.wants_spare(); });
  return found == all_.end() ? nullptr : &*found;
}

void Zygotes::rest() noexcept {
  for (Zygote& one : all_) one.spare().rest();
}

void Zygotes::destroy_all() noexcept {
  for (Zygote& one : all_) one.end();
}

}  // namespace mortise::runtime::launcher
