#include "runtime/sandbox/confined_run.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "runtime/sandbox/cell.h"

namespace mortise::runtime::sandbox {
namespace {

struct Birth {
  const Plan& plan;
  int report;
  const std::function<int()>& function;
};

void be_born(void* given) noexcept {
  const Birth& birth = *static_cast<const Birth*>(given);
  constexpr int kept = 9;
  const Steps parking(birth.report);
  parking("keep the report pipe", ::dup3(birth.report, kept, O_CLOEXEC) == kept);
  ::close(birth.report);
  confine(birth.plan, "", kept, Steps(kept));
  ::close(kept);
  ::_exit(birth.function());
}

int wait_for(pid_t pid) noexcept {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Ended run_confined(Planner& planner, const Policy& policy, const User& user, const std::function<int()>& function) {
  const Plan plan = planner.plan(policy, user, "");
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw os::system_error("cannot make a pipe", "");
  const os::Fd report(pipe[0]);
  os::Fd end(pipe[1]);
  const Cell cell = Cell::make(planner.machine(), plan.layers);
  Birth birth{plan, end.get(), function};
  const pid_t pid = cell.start(&be_born, &birth);
  end.close();
  Ended ended;
  StepFailed failed{};
  if (::read(report.get(), &failed, sizeof failed) == sizeof failed) {
    failed.step[sizeof failed.step - 1] = '\0';
    ended.refused = failed.step;
    ended.error = failed.error;
  }
  ended.wait_status = wait_for(pid);
  if (cell.exists()) {
    cell.destroy();
    (void)wait_for(cell.holder());
  }
  return ended;
}

}  // namespace mortise::runtime::sandbox
