#include "os/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "os/fd.h"

namespace mortise::os {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  all.reserve(words.size() + 1);
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

// posix_spawn's two option objects, with the output into `pipe` and nothing else open to the program.
pid_t spawn(const Program& program, const Fd& pipe) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipe.get(), STDOUT_FILENO);
  if (program.keep_errors) {
    ::posix_spawn_file_actions_adddup2(&actions, pipe.get(), STDERR_FILENO);
  } else {
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  if (!program.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, program.folder.c_str());
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  std::vector<char*> arguments = pointers(program.command);
  std::vector<char*> environment;
  if (program.environment) environment = pointers(*program.environment);
  pid_t pid = -1;
  const int failure = ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(),
                                     program.environment ? environment.data() : environ);
  if (failure != 0) pid = -1;
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return pid;
}

// Until the program closes its output. False: the time is over.
bool read_output(const Fd& pipe, Clock::time_point deadline, std::size_t most, std::string& output) {
  std::array<char, 4096> bytes{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd ready{pipe.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) == 0) return false;
    const ssize_t size = ::read(pipe.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return true;
    output.append(bytes.data(), std::min(static_cast<std::size_t>(size), most - output.size()));
  }
}

}  // namespace

std::optional<Printout> run_program(const Program& program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t pid = spawn(program, writing);
  writing.close();
  if (pid < 0) return std::nullopt;
  Printout printout;
  const bool ended = read_output(reading, Clock::now() + program.patience, program.most_output, printout.output);
  if (!ended) ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended || !WIFEXITED(status)) return std::nullopt;
  printout.exit_status = WEXITSTATUS(status);
  return printout;
}

}  // namespace mortise::os
