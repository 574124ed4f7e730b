#include "runtime/sandbox/filter.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "base/error.h"
#include "os/fd.h"

namespace mortise::runtime::sandbox {
namespace {

// What administers a machine, looks into other processes, or opens a large part of the kernel to little use.
constexpr const char* denied[] = {
    // mounts and roots
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
    "fspick", "mount_setattr", "swapon", "swapoff", "quotactl", "quotactl_fd", "fanotify_init", "acct",
    // other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "process_madvise", "move_pages",
    "migrate_pages", "setns", "unshare",
    // files past their paths
    "open_by_handle_at", "name_to_handle_at",
    // keys, programs in the kernel, and doors with a long history
    "keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "modify_ldt", "uselib", "lookup_dcookie", "vmsplice", "memfd_secret",
    // the machine
    "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "sethostname",
    "setdomainname", "syslog", "vhangup", "iopl", "ioperm", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
    "_sysctl", "sysfs", "ustat", "nfsservctl",
};

constexpr const char* shared_ipc_calls[] = {"shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget",
                                            "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink"};

constexpr unsigned long new_namespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

class Maker {
 public:
  Maker() : context_(::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release) {
    if (!context_) throw Error(Code::unsupported, "libseccomp cannot make a filter");
    check(::seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "other architectures");
    check(::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "a search tree");
  }

  // A name that this libseccomp does not know is a call that the kernel's table may still have: its headers name them all.
  void deny(const char* name, int error = EPERM) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) return;
    check(::seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), number, 0), name);
  }
  void deny_number(int number, int error) {
    check(::seccomp_rule_add(context_.get(), SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), number, 0), "a number");
  }
  void deny_when(const char* name, scmp_arg_cmp argument, int error = EPERM) {
    check(::seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)),
                                   ::seccomp_syscall_resolve_name(name), 1, &argument),
          name);
  }

  FilterProgram program() {
    const os::Fd file(::memfd_create("mortise-filter", MFD_CLOEXEC));
    check(file ? ::seccomp_export_bpf(context_.get(), file.get()) : -errno, "its program");
    const auto size = static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END));
    FilterProgram program(size / sizeof(sock_filter));
    if (::pread(file.get(), program.data(), size, 0) != static_cast<ssize_t>(size) || program.size() > BPF_MAXINSNS) {
      throw Error(Code::unsupported, "libseccomp made a filter of " + std::to_string(size) + " bytes");
    }
    return program;
  }

 private:
  static void check(int result, const char* what) {
    if (result != 0 && result != -EEXIST) {
      throw Error(Code::unsupported, std::string("libseccomp cannot make the filter for ") + what + ": " + std::to_string(-result));
    }
  }
  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
};

// Families between and beyond those allowed. Comparisons are of 32 bits: the kernel looks at no more.
void deny_sockets(Maker& maker, const FilterKind& kind) {
  constexpr scmp_datum_t low = 0xffffffff;
  int allowed[8];
  int count = 0;
  if (kind.internet_sockets) {
    allowed[count++] = AF_INET;
    allowed[count++] = AF_INET6;
    allowed[count++] = AF_NETLINK;
    maker.deny_when("socket", SCMP_A1_32(SCMP_CMP_MASKED_EQ, 0xf, SOCK_RAW) /* ping and packet sockets */);
  }
  for (int family = 0; family < 64; ++family) {
    bool is_allowed = false;
    for (int i = 0; i < count; ++i) is_allowed = is_allowed || allowed[i] == family;
    if (!is_allowed) maker.deny_when("socket", SCMP_A0_32(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family)), EACCES);
  }
  maker.deny_when("socket", SCMP_A0_32(SCMP_CMP_GE, 64), EACCES);
  maker.deny_when("socketpair", SCMP_A0_32(SCMP_CMP_NE, AF_UNIX & low), EACCES);
  // A pair of datagram sockets can be turned to any named one.
  maker.deny_when("socketpair", SCMP_A1_32(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM), EACCES);
}

}  // namespace

FilterProgram make_filter(const FilterKind& kind) {
  Maker maker;
  for (const char* name : denied) maker.deny(name);
  maker.deny("clone3", ENOSYS);
  // Newer than this libseccomp: mseal and what came to mounts, files by handle and attributes since.
  for (const int number : {457 /* statmount */, 458 /* listmount */, 467 /* open_tree_attr */}) maker.deny_number(number, EPERM);
  for (unsigned long bit = 1; bit != 0 && bit <= CLONE_NEWNET; bit <<= 1U) {
    if ((new_namespaces & bit) != 0) maker.deny_when("clone", SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit));
  }
  for (const unsigned long device : {S_IFBLK, S_IFCHR}) {
    maker.deny_when("mknod", SCMP_A1(SCMP_CMP_MASKED_EQ, S_IFMT, device));
    maker.deny_when("mknodat", SCMP_A2(SCMP_CMP_MASKED_EQ, S_IFMT, device));
  }
  constexpr scmp_datum_t tiocsti = 0x5412, tioclinux = 0x541c;
  maker.deny_when("ioctl", SCMP_A1_32(SCMP_CMP_EQ, tiocsti));
  maker.deny_when("ioctl", SCMP_A1_32(SCMP_CMP_EQ, tioclinux));
  maker.deny_when("prlimit64", SCMP_A0_32(SCMP_CMP_NE, 0));  // of others
  maker.deny_when("personality", SCMP_A0_32(SCMP_CMP_MASKED_EQ, 0x0040000, 0x0040000) /* ADDR_NO_RANDOMIZE */);
  deny_sockets(maker, kind);
  if (kind.shared_ipc) {
    for (const char* name : shared_ipc_calls) maker.deny(name);
  }
  return maker.program();
}

}  // namespace mortise::runtime::sandbox
