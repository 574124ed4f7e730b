#include "runtime/launcher/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <exception>
#include <vector>

#include "runtime/zygote/waiting.h"

namespace mortise::runtime::launcher {
namespace {

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

// The line is at the number that this returns, those below zygote::reserved are taken, and nothing else is open. -1: it failed.
int keep_only(int line) noexcept {
  const int kept = ::fcntl(line, F_DUPFD_CLOEXEC, zygote::reserved);
  if (kept < 0 || ::syscall(SYS_close_range, 0U, static_cast<unsigned>(kept) - 1, 0U) != 0 ||
      ::syscall(SYS_close_range, static_cast<unsigned>(kept) + 1, ~0U, 0U) != 0) {
    return -1;
  }
  zygote::reserve_descriptors();
  return kept;
}

}  // namespace

void wait_to_become_worker(void* line) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // the line ends, too, when the launcher does
  const int kept = keep_only(*static_cast<const int*>(line));
  if (kept < 0) ::_exit(127);
  const sandbox::Steps unconfined(kept);
  zygote::Told told;
  try {
    told = zygote::wait_for_birth(kept);
  } catch (const std::exception& error) {
    errno = 0;
    unconfined("take its order: '%s'", error.what(), false);
  }
  Order order;
  order.arguments = std::move(told.birth.place.arguments);
  order.environment = std::move(told.birth.place.environment);
  order.folder = std::move(told.birth.place.folder);
  become_worker(order, told.birth.plan.plan, told.descriptors(kept));
}

void become_worker(const Order& order, const sandbox::Plan& plan, const zygote::BirthDescriptors& descriptors) noexcept {
  const sandbox::Steps step = zygote::be_born(plan, order.folder, descriptors, zygote::Signals::reset);
  run_program(order);
  step("run its program", false);
  ::_exit(127);
}

}  // namespace mortise::runtime::launcher
