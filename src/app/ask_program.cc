#include "app/ask_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "os/fd.h"
#include "os/process.h"

namespace mortise::app {
namespace {

constexpr std::size_t most_output = 64 * 1024;
using Clock = std::chrono::steady_clock;

// posix_spawn's two option objects, with standard output into `pipe` and nothing else open to the program.
pid_t spawn(const std::vector<std::string>& command, const os::Fd& pipe) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipe.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  if (::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ) != 0) pid = -1;
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return pid;
}

// Until the program closes its output. False: the time is over.
bool read_output(const os::Fd& pipe, Clock::time_point deadline, std::string& output) {
  std::array<char, 4096> bytes{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd ready{pipe.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0) return false;
    const ssize_t size = ::read(pipe.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return true;
    output.append(bytes.data(), std::min(static_cast<std::size_t>(size), most_output - output.size()));
  }
}

}  // namespace

std::optional<Printout> ask_program(const std::vector<std::string>& command, std::chrono::milliseconds patience) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const os::Fd reading(ends[0]);
  os::Fd writing(ends[1]);
  const pid_t pid = spawn(command, writing);
  writing.close();
  if (pid < 0) return std::nullopt;
  Printout printout;
  const bool ended = read_output(reading, Clock::now() + patience, printout.output);
  if (!ended) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended || !WIFEXITED(status)) return std::nullopt;
  printout.exit_status = WEXITSTATUS(status);
  return printout;
}

}  // namespace mortise::app
