#include "os/process.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

using namespace mortise;

namespace {
template <typename Action>
int status_of(Action action) {
  const pid_t child = ::fork();
  if (child == 0) {
    action();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}
}  // namespace

TEST_CASE("how a process ended is told in words") {
  CHECK(os::describe_exit(status_of([] { ::_exit(3); })) == "exited with status 3");
  CHECK(os::describe_exit(status_of([] { ::raise(SIGKILL); })) == "killed by signal 9 (SIGKILL)");
  CHECK(os::describe_exit(status_of([] { ::raise(SIGRTMIN + 3); })).starts_with("killed by signal "));
  CHECK(os::signal_name(SIGSEGV) == "SIGSEGV");
  CHECK(os::signal_name(200) == "signal 200");
}

TEST_CASE("a handle means its process alone, also after it ended") {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const os::Fd process = os::open_process(child);
  CHECK(os::is_running(process));
  CHECK(os::send_signal(process, SIGKILL));
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK_FALSE(os::is_running(process));
  CHECK_FALSE(os::send_signal(process, SIGKILL));
  CHECK_THROWS_AS((void)os::open_process(child), Error);
}

TEST_CASE("descendants are found through every generation, with any name") {
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NAME, "a) Z 1 (b");  // must not confuse who reads /proc
    if (::fork() == 0) {
      (void)!::write(ready[1], "x", 1);
      ::pause();
    }
    ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  const auto all = os::list_processes();
  const auto family = os::descendants_of(child, all);
  CHECK(family.size() == 1);
  const auto own = std::find_if(all.begin(), all.end(), [&](const auto& process) { return process.pid == child; });
  REQUIRE(own != all.end());
  CHECK(own->parent == ::getpid());
  CHECK(own->state != 'Z');
  CHECK(os::descendants_of(::getpid(), all).size() >= 2);
  for (const auto& one : family) ::kill(one.pid, SIGKILL);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("the machine is described") {
  CHECK(os::own_executable().ends_with("os_test"));
  CHECK(os::physical_memory() > (64ULL << 20));
  CHECK(os::usable_processors() >= 1);
}
