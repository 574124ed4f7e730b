#include "runtime/sandbox/entry.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"
#include "os/fd.h"
#include "runtime/sandbox/kernel_calls.h"

namespace mortise::runtime::sandbox {
namespace {

constexpr std::size_t stack_size = 256U << 10U;
alignas(64) char helper_stack[stack_size];  // of the one thread's helper; what it leaves behind has a copy

bool enter(const Spaces& spaces) noexcept {
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    if (spaces[i] >= 0 && ::setns(spaces[i], static_cast<int>(space_kinds[i].flag)) != 0) return false;
  }
  return true;
}

bool none(const Spaces& spaces) noexcept {
  for (const int space : spaces) {
    if (space >= 0) return false;
  }
  return true;
}

// ---- a child that never returns ------------------------------------------------------------------------------------------

struct Entry {
  const Spaces& spaces;
  void (*body)(void*) noexcept;
  void* argument;
  volatile pid_t child = 0;
  volatile int error = 0;
};

int leave_child_behind(void* given) noexcept {
  Entry& entry = *static_cast<Entry*>(given);
  const pid_t child = enter(entry.spaces) ? kernel::fork_with(CLONE_PARENT) : -1;
  if (child == 0) {
    entry.body(entry.argument);
    ::_exit(127);
  }
  entry.error = child < 0 ? errno : 0;
  entry.child = child;
  ::_exit(child < 0 ? 1 : 0);
}

// ---- a sibling that goes on where its maker is -----------------------------------------------------------------------------

// What libc told the kernel about its one thread, and the kernel forgets in a child that libc did not make itself.
class ThreadOfLibc {
 public:
  ThreadOfLibc() noexcept {
    if (::prctl(PR_GET_TID_ADDRESS, &tid_, 0, 0, 0) != 0) tid_ = nullptr;  // this kernel does not say
    if (::syscall(SYS_get_robust_list, 0, &robust_, &robust_size_) != 0) robust_ = nullptr;
  }
  [[nodiscard]] int* tid() const noexcept { return tid_; }

  void tell_again() const noexcept {
    constexpr unsigned signature = 0x53053053, smallest_area = 32;
    if (robust_ != nullptr) ::syscall(SYS_set_robust_list, robust_, robust_size_);
    if (__rseq_size == 0) return;
    char* area = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
    ::syscall(SYS_rseq, area, std::max(__rseq_size, smallest_area), 0, signature);
  }

 private:
  int* tid_ = nullptr;  // where it keeps the thread's number
  void* robust_ = nullptr;
  std::size_t robust_size_ = 0;
};

struct Passage {
  const Spaces& spaces;
  ThreadOfLibc thread{};
  ucontext_t back{};
  volatile bool inside = false;  // in the sibling's copy of this
  volatile pid_t child = 0;
  volatile int error = 0;
};

// The sibling has a copy of its maker's stack, too, on which nothing happened since: it goes on there.
int leave_sibling_behind(void* given) noexcept {
  Passage& passage = *static_cast<Passage*>(given);
  const pid_t child = enter(passage.spaces) ? kernel::fork_with(CLONE_PARENT, passage.thread.tid()) : -1;
  if (child == 0) {
    passage.inside = true;
    ::setcontext(&passage.back);
    ::_exit(127);
  }
  passage.error = child < 0 ? errno : 0;
  passage.child = child;
  ::_exit(child < 0 ? 1 : 0);
}

}  // namespace

pid_t start_inside(const Spaces& spaces, void (*body)(void*) noexcept, void* argument) {
  Entry entry{spaces, body, argument};
  const pid_t helper = ::clone(&leave_child_behind, helper_stack + stack_size, CLONE_VM | CLONE_VFORK | SIGCHLD, &entry);
  if (helper < 0) throw os::system_error("cannot start a process", "");
  while (::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (entry.child <= 0) {
    throw Error(Code::unsupported, std::string("the namespaces for a worker cannot be entered: ") + std::strerror(entry.error),
                "`mortise doctor` shows what this machine has");
  }
  return entry.child;
}

Sibling fork_sibling(const Spaces& spaces) noexcept {
  Passage passage{spaces};
  if (none(spaces)) {
    const pid_t child = kernel::fork_with(CLONE_PARENT, passage.thread.tid());
    if (child < 0) return {false, 0, 0, errno};
    if (child == 0) passage.thread.tell_again();
    return {child == 0, child, 0, 0};
  }
  if (::getcontext(&passage.back) != 0) return {false, 0, 0, errno};
  if (passage.inside) {
    passage.thread.tell_again();
    return {true, 0, 0, 0};
  }
  const pid_t helper = ::clone(&leave_sibling_behind, helper_stack + stack_size, CLONE_VM | CLONE_VFORK | CLONE_PARENT | SIGCHLD, &passage);
  if (helper < 0) return {false, 0, 0, errno};
  return {false, passage.child > 0 ? passage.child : 0, helper, passage.error};
}

}  // namespace mortise::runtime::sandbox
