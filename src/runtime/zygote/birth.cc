#include "runtime/zygote/birth.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/doors/doors.h"

namespace mortise::runtime::zygote {
namespace {

constexpr int report_slot = 4;  // where the report pipe waits, beyond the four the worker keeps
constexpr int way_out_slot = 5;  // where the socket for the doors of its network waits
constexpr int names_slot = 6;   // and the first of them
constexpr int parking = reserved;  // descriptors wait here while 0 to 6 are filled

bool place_descriptors(const BirthDescriptors& from) noexcept {
  const int protocol = ::fcntl(from.protocol, F_DUPFD, parking);
  const int output = ::fcntl(from.output, F_DUPFD, parking);
  const int errors = ::fcntl(from.errors, F_DUPFD, parking);
  const int nothing = ::open("/dev/null", O_RDONLY);
  return protocol >= 0 && output >= 0 && errors >= 0 && nothing >= 0 && ::dup2(nothing, 0) == 0 && ::dup2(output, 1) == 1 &&
         ::dup2(errors, 2) == 2 && ::dup2(protocol, 3) == 3;
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

// The reading end of the report pipe is the launcher's alone.
bool launcher_lives(int report) noexcept {
  pollfd entry{report, 0, 0};
  return ::poll(&entry, 1, 0) == 0;
}

// In its network namespace, while it may still bind the port there.
bool place_doors(int parked) noexcept {
  const int names = doors::open_names();
  const int waiting = names < 0 ? -1 : ::fcntl(names, F_DUPFD_CLOEXEC, parking);
  return waiting >= 0 && ::dup3(waiting, names_slot, O_CLOEXEC) == names_slot && ::dup3(parked, way_out_slot, O_CLOEXEC) == way_out_slot;
}

bool hand_over_doors() noexcept {
  const int connects = doors::stop_connects();
  return connects >= 0 && doors::send_doors(way_out_slot, names_slot, connects);
}

}  // namespace

bool enter_groups(std::span<const int> doors) noexcept {
  for (const int door : doors) {
    if (::write(door, "0", 1) != 1) return false;
  }
  return true;
}

void reserve_descriptors() noexcept {
  int taken = 0;
  do {
    taken = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  } while (taken >= 0 && taken < reserved - 1);
  if (taken >= reserved) ::close(taken);
}

sandbox::Steps be_born(const sandbox::Plan& plan, const std::string& folder, const BirthDescriptors& descriptors, Signals signals) noexcept {
  const int parked = ::fcntl(descriptors.report, F_DUPFD_CLOEXEC, parking);
  const bool has_network = descriptors.way_out >= 0;
  const int way_out = has_network ? ::fcntl(descriptors.way_out, F_DUPFD_CLOEXEC, parking) : -1;
  sandbox::Steps step{parked};

  // Those that it did not enter while it waited. Nothing of the worker has run yet, so nothing of it stays outside.
  step("enter its control groups", enter_groups(descriptors.doors));
  step("begin a session of its own", ::setsid() >= 0);
  step("reset signals", signals == Signals::keep || reset_signals());
  step("place descriptors 0 to 3", place_descriptors(descriptors));
  step("keep the report pipe", ::dup3(parked, report_slot, O_CLOEXEC) == report_slot);
  step.report_to(report_slot);
  step("open its door for names", !has_network || place_doors(way_out));
  ::umask(077);
  sandbox::confine(plan, folder, has_network ? names_slot : report_slot, step);
  step("hand over its doors", !has_network || hand_over_doors());
  // After the change of user, which forgets it; then ask whether the launcher went before it was set.
  step("die with the launcher", ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && launcher_lives(report_slot));
  return step;
}

}  // namespace mortise::runtime::zygote
