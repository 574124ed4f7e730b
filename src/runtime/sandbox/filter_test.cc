// Every call that the filter is there to refuse, made with the filter as the only thing in its way. The arguments are such that
// the kernel itself would refuse them with another word, so that nothing happens where the filter lets one through.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>

#include "runtime/sandbox/filter.h"

using namespace mortise::runtime::sandbox;

namespace {

constexpr long nothing = -1;

struct Refused {
  const char* name;
  long number;
};
#define CALL(name) Refused { #name, SYS_##name }
constexpr Refused always[] = {
    CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(move_mount), CALL(open_tree), CALL(fsopen), CALL(fsconfig), CALL(fsmount), CALL(fspick),
    CALL(mount_setattr), CALL(swapon), CALL(swapoff), CALL(quotactl), CALL(quotactl_fd), CALL(fanotify_init), CALL(acct),
    CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev), CALL(kcmp), CALL(pidfd_getfd), CALL(process_madvise), CALL(move_pages),
    CALL(migrate_pages), CALL(setns), CALL(unshare), CALL(open_by_handle_at), CALL(name_to_handle_at),
    CALL(keyctl), CALL(add_key), CALL(request_key), CALL(bpf), CALL(perf_event_open), CALL(userfaultfd), CALL(io_uring_setup), CALL(io_uring_enter),
    CALL(io_uring_register), CALL(vmsplice), CALL(init_module), CALL(finit_module), CALL(delete_module), CALL(kexec_load), CALL(kexec_file_load),
    CALL(reboot), CALL(sethostname), CALL(setdomainname), CALL(syslog), CALL(settimeofday), CALL(clock_settime), CALL(clock_adjtime), CALL(adjtimex),
    {"memfd_secret", 447}, {"statmount", 457}, {"listmount", 458}, {"open_tree_attr", 467},
};
constexpr Refused shared_ipc[] = {CALL(shmget), CALL(shmat), CALL(shmctl), CALL(semget), CALL(semop), CALL(semctl), CALL(msgget), CALL(msgsnd), CALL(msgrcv), CALL(msgctl), CALL(mq_unlink)};
#undef CALL

long number_of(const Refused& call) { return ::syscall(call.number, nothing, nothing, nothing, nothing, nothing, nothing) == -1 ? errno : 0; }
int error_of(long result) { return result == -1 ? errno : 0; }

// What the check tells of in a process that has the filter and nothing else; empty when all is as it should be.
std::string under(FilterKind kind, const std::function<std::string()>& check) {
  const FilterProgram program = make_filter(kind);
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    const bool held = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && install_filter(program);
    const std::string text = held ? check() : "the filter was not installed";
    ::_exit(::write(pipe[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(pipe[1]);
  std::string told;
  char buffer[512];
  for (ssize_t got = 0; (got = ::read(pipe[0], buffer, sizeof buffer)) > 0;) told.append(buffer, static_cast<std::size_t>(got));
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? told : told + " (status " + std::to_string(status) + ")";
}

void want(std::string& told, const std::string& what, long error, int wanted) {
  if (error != wanted) told += what + ": " + ::strerror(static_cast<int>(error)) + "; ";
}

}  // namespace

TEST_CASE("each call that administers a machine or looks into others is refused by the filter alone") {
  CHECK(under({}, [] {
          std::string told;
          for (const Refused& call : always) want(told, call.name, number_of(call), EPERM);
          want(told, "clone3", number_of({"clone3", SYS_clone3}), ENOSYS);
          return told;
        }) == "");
}

TEST_CASE("new namespaces, devices, typing for others, their limits and fixed addresses are refused by the filter alone") {
  CHECK(under({}, [] {
          std::string told;
          for (const long space : {CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET}) {
            want(told, "clone " + std::to_string(space), error_of(::syscall(SYS_clone, space | CLONE_THREAD, 0L, 0L, 0L, 0L)), EPERM);
          }
          for (const long kind : {S_IFBLK, S_IFCHR}) {
            want(told, "mknod", error_of(::syscall(SYS_mknod, nothing, kind | 0600L, 0L)), EPERM);
            want(told, "mknodat", error_of(::syscall(SYS_mknodat, -1L, nothing, kind | 0600L, 0L)), EPERM);
          }
          for (const long order : {0x5412L, 0x541cL}) want(told, "ioctl", error_of(::syscall(SYS_ioctl, -1L, order, 0L)), EPERM);
          want(told, "prlimit64", error_of(::syscall(SYS_prlimit64, 1L, -1L, 0L, 0L)), EPERM);
          want(told, "prlimit64 of oneself", error_of(::syscall(SYS_prlimit64, 0L, -1L, 0L, 0L)), EINVAL);
          want(told, "personality", error_of(::personality(ADDR_NO_RANDOMIZE)), EPERM);
          return told;
        }) == "");
}

TEST_CASE("without a network no socket of any family is made, and with one those of the internet alone, none of them raw") {
  CHECK(under({.internet_sockets = false}, [] {
          std::string told;
          for (int family = 0; family < 70; ++family) want(told, "socket " + std::to_string(family), error_of(::socket(family, SOCK_STREAM, 0)), EACCES);
          return told;
        }) == "");
  CHECK(under({.internet_sockets = true}, [] {
          std::string told;
          for (const int family : {AF_INET, AF_INET6}) {
            want(told, "stream", error_of(::socket(family, SOCK_STREAM, 0)), 0);
            want(told, "raw", error_of(::socket(family, SOCK_RAW, IPPROTO_ICMP)), EPERM);
          }
          for (const int family : {AF_UNIX, AF_PACKET, AF_ALG, AF_VSOCK, AF_BLUETOOTH}) {
            want(told, "socket " + std::to_string(family), error_of(::socket(family, SOCK_STREAM, 0)), EACCES);
          }
          return told;
        }) == "");
}

TEST_CASE("pairs of sockets are local streams, which cannot be turned to anybody else") {
  CHECK(under({}, [] {
          std::string told;
          int pair[2];
          want(told, "streams", error_of(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), 0);
          want(told, "datagrams", error_of(::socketpair(AF_UNIX, SOCK_DGRAM, 0, pair)), EACCES);
          want(told, "datagrams that do not wait", error_of(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair)), EACCES);
          want(told, "another family", error_of(::socketpair(AF_TIPC, SOCK_STREAM, 0, pair)), EACCES);
          return told;
        }) == "");
}

TEST_CASE("shared memory, semaphores and queues of the machine are refused where it has no ipc namespace, and there alone") {
  CHECK(under({.shared_ipc = true}, [] {
          std::string told;
          for (const Refused& call : shared_ipc) want(told, call.name, number_of(call), EPERM);
          return told;
        }) == "");
  CHECK(under({.shared_ipc = false}, [] {
          std::string told;
          for (const Refused& call : shared_ipc) {
            if (number_of(call) == EPERM) told += std::string(call.name) + " is refused; ";
          }
          return told;
        }) == "");
}
