#include "runtime/sandbox/cell.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <string>

#include "base/error.h"
#include "runtime/sandbox/kernel_calls.h"
#include "runtime/sandbox/rights.h"

namespace mortise::runtime::sandbox {
namespace {

// ---- the holder ----------------------------------------------------------------------------------------------------------

// An empty folder as its root: whoever looks through it sees nothing.
bool leave_for_nowhere() noexcept {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("mortise", "/proc", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,mode=0555") == 0 &&
         ::chdir("/proc") == 0 && kernel::pivot_root(".", ".") && ::umount2(".", MNT_DETACH) == 0;
}

[[noreturn]] void hold(int line, unsigned long flags, bool may_mount, unsigned uid, unsigned gid) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  char word = 'r';
  const bool known = (flags & CLONE_NEWUSER) == 0 || keep_identity(uid, gid);
  if ((flags & CLONE_NEWUTS) != 0) (void)::sethostname("mortise", 7);
  if (!known) word = static_cast<char>(errno);
  // Its maker opens the namespaces now; afterwards nobody can look into it.
  if (::write(line, &word, 1) != 1 || !known || ::read(line, &word, 1) != 1) ::_exit(1);
  ::signal(SIGCHLD, SIG_IGN);  // the kernel reaps
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  if (may_mount && !leave_for_nowhere()) ::_exit(2);
  ::prctl(PR_SET_NAME, "mortise-cell");
  ::prctl(PR_SET_DUMPABLE, 0);
  const bool bare = drop_all_capabilities();
  word = bare ? 'h' : 'x';
  if (::write(line, &word, 1) != 1 || !bare) ::_exit(3);
  ::syscall(SYS_close_range, 0U, ~0U, 0U);
  while (true) ::pause();
}

Error cannot(const std::string& what, int error) {
  return Error(Code::unsupported, "cannot make namespaces for a worker: " + what + (error == 0 ? "" : std::string(": ") + ::strerror(error)),
               "`mortise doctor` shows what this machine has");
}

// ---- the way in ----------------------------------------------------------------------------------------------------------

pid_t start_outside(void (*body)(void*) noexcept, void* argument) {
  const pid_t child = kernel::fork_with(0);
  if (child < 0) throw os::system_error("cannot start a process", "");
  if (child == 0) {
    body(argument);
    ::_exit(127);
  }
  return child;
}

}  // namespace

Cell Cell::make(const Machine& machine, Layers layers) {
  unsigned long flags = namespaces_of(layers);
  if (machine.level == Level::user && (flags != 0 || layers.has(Layer::private_root))) flags |= CLONE_NEWUSER;
  Cell cell;
  if (flags == 0) return cell;
  int line[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) != 0) throw cannot("no socket", errno);
  const os::Fd mine(line[0]);
  os::Fd its(line[1]);
  const unsigned uid = ::geteuid(), gid = ::getegid();
  const pid_t holder = kernel::fork_with(flags);
  if (holder < 0) throw cannot("they are refused", errno);
  if (holder == 0) {
    ::close(mine.get());
    hold(its.get(), flags, machine.layers.has(Layer::private_root), uid, gid);
  }
  its.close();
  cell.holder_ = holder;
  cell.layers_ = layers;
  char word = 0;
  try {
    if (::read(mine.get(), &word, 1) != 1 || word != 'r') throw cannot("the first process has no user", word);
    cell.open_spaces(flags);
    if (::write(mine.get(), "g", 1) != 1 || ::read(mine.get(), &word, 1) != 1 || word != 'h') throw cannot("the first process does not hold them", 0);
  } catch (...) {
    cell.destroy();
    ::waitpid(holder, nullptr, 0);
    throw;
  }
  return cell;
}

void Cell::open_spaces(unsigned long flags) {
  for (std::size_t i = 0; i < space_kinds.size(); ++i) {
    if ((flags & space_kinds[i].flag) == 0) continue;
    const std::string path = "/proc/" + std::to_string(holder_) + "/ns/" + space_kinds[i].name;
    spaces_[i] = os::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!spaces_[i]) throw cannot("'" + path + "' does not open", errno);
  }
}

pid_t Cell::start(void (*body)(void*) noexcept, void* argument) const {
  if (!exists()) return start_outside(body, argument);
  return start_inside(spaces(), body, argument);
}

Spaces Cell::spaces() const noexcept {
  Spaces all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = spaces_[i] ? spaces_[i].get() : -1;
  return all;
}

void Cell::destroy() const noexcept {
  if (holder_ > 0) ::kill(holder_, SIGKILL);
}

}  // namespace mortise::runtime::sandbox
