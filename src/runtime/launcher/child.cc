#include "runtime/launcher/child.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace mortise::runtime::launcher {
namespace {

constexpr int report_slot = 4;  // where the report pipe waits, beyond the four the worker keeps
constexpr int parking = 16;     // descriptors wait here while 0 to 4 are filled

// Says which step failed, and gives up, unless the step succeeded.
struct Checklist {
  int report;
  void operator()(const char* step, bool succeeded) const noexcept {
    if (succeeded) return;
    StepFailed failed{};
    failed.error = errno;
    ::strncpy(failed.step, step, sizeof failed.step - 1);
    (void)!::write(report, &failed, sizeof failed);
    ::_exit(127);
  }
};

bool place_descriptors(const ChildDescriptors& from) noexcept {
  const int protocol = ::fcntl(from.protocol, F_DUPFD, parking);
  const int output = ::fcntl(from.output, F_DUPFD, parking);
  const int errors = ::fcntl(from.errors, F_DUPFD, parking);
  const int nothing = ::open("/dev/null", O_RDONLY);
  return protocol >= 0 && output >= 0 && errors >= 0 && nothing >= 0 && ::dup2(nothing, 0) == 0 && ::dup2(output, 1) == 1 &&
         ::dup2(errors, 2) == 2 && ::dup2(protocol, 3) == 3;
}

bool close_all_but_kept() noexcept { return ::syscall(SYS_close_range, report_slot + 1, ~0U, 0) == 0; }

bool limit(__rlimit_resource what, rlim_t amount) noexcept {
  rlimit now{};
  if (::getrlimit(what, &now) != 0) return false;
  if (now.rlim_max != RLIM_INFINITY && amount > now.rlim_max) amount = now.rlim_max;
  const rlimit wanted{amount, amount};
  return ::setrlimit(what, &wanted) == 0;
}

// Also the two that libc keeps for itself and does not let sigaction() touch: whoever started us may ignore them.
bool reset_signals() noexcept {
  struct KernelAction {
    void* handler = nullptr;  // SIG_DFL
    unsigned long flags = 0;
    void* restorer = nullptr;
    unsigned long mask = 0;
  };
  const KernelAction standard;
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal != SIGKILL && signal != SIGSTOP) ::syscall(SYS_rt_sigaction, signal, &standard, nullptr, sizeof standard.mask);
  }
  sigset_t none;
  ::sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

bool become_user(const sandbox::User& user) noexcept {
  return ::setgroups(0, nullptr) == 0 && ::setresgid(user.gid, user.gid, user.gid) == 0 &&
         ::setresuid(user.uid, user.uid, user.uid) == 0;
}

void run_program(const Order& order) noexcept {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  arguments.reserve(order.arguments.size() + 1);
  environment.reserve(order.environment.size() + 1);
  for (const std::string& one : order.arguments) arguments.push_back(const_cast<char*>(one.c_str()));
  for (const std::string& one : order.environment) environment.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  environment.push_back(nullptr);
  ::execve(arguments[0], arguments.data(), environment.data());
}

}  // namespace

void become_worker(const Order& order, const ChildDescriptors& descriptors, pid_t launcher) noexcept {
  const sandbox::Limits& limits = order.policy.limits;
  const auto& user = order.policy.user;
  const int parked = ::fcntl(descriptors.report, F_DUPFD_CLOEXEC, parking);
  Checklist step{parked};

  step("begin a session of its own", ::setsid() >= 0);
  step("reset signals", reset_signals());
  step("place descriptors 0 to 3", place_descriptors(descriptors));
  step("keep the report pipe", ::dup3(parked, report_slot, O_CLOEXEC) == report_slot);
  step.report = report_slot;
  step("close every other descriptor", close_all_but_kept());
  step("limit open files", limit(RLIMIT_NOFILE, limits.open_files));
  step("limit the size of files", limit(RLIMIT_FSIZE, limits.file_size));
  step("forbid core dumps", limit(RLIMIT_CORE, 0));
  step("limit processes", limits.processes == 0 || !user || limit(RLIMIT_NPROC, limits.processes));
  step("become its user", !user || become_user(*user));
  step("enter its folder", order.folder.empty() || ::chdir(order.folder.c_str()) == 0);
  step("give up new privileges", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  // After the change of user, which forgets it; then ask whether the launcher went before it was set.
  step("die with the launcher", ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == launcher);
  ::umask(077);
  run_program(order);
  step("run its program", false);
  ::_exit(127);
}

}  // namespace mortise::runtime::launcher
