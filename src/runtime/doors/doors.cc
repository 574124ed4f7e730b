#include "runtime/doors/doors.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace mortise::runtime::doors {
namespace {

constexpr std::uint16_t dns_port = 53;

bool raise_loopback(int socket) noexcept {
  ifreq request{};
  ::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  if (::ioctl(socket, SIOCGIFFLAGS, &request) != 0) return false;
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  return ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
}

}  // namespace

int open_names() noexcept {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(dns_port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (raise_loopback(socket) && ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  const int why = errno;
  ::close(socket);
  errno = why;
  return -1;
}

// A socket that was handed over is connected, so that only connect() could lead it elsewhere; sending with MSG_FASTOPEN
// would connect, too, and is refused. x86-64 only: system calls of another numbering end the process.
int stop_connects() noexcept {
  constexpr unsigned arguments = offsetof(seccomp_data, args);
  constexpr unsigned sendto_flags = arguments + 3 * 8, sendmsg_flags = arguments + 2 * 8, sendmmsg_flags = arguments + 3 * 8;
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000U, 11, 0),  // x32
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 8, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendto, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmmsg, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 3, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sendto_flags),
      BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sendmsg_flags),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MSG_FASTOPEN, 2, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
  };
  static_assert(sendto_flags == sendmmsg_flags);
  const sock_fprog filter{static_cast<unsigned short>(sizeof program / sizeof program[0]), program};
  const long listener = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
  if (listener < 0) return -1;
  if (::fcntl(static_cast<int>(listener), F_SETFD, FD_CLOEXEC) != 0) return -1;
  return static_cast<int>(listener);
}

bool send_doors(int socket, int names, int connects) noexcept {
  char byte = 'd';
  iovec content{&byte, 1};
  const int doors[] = {names, connects};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof doors)] = {};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof doors);
  ::memcpy(CMSG_DATA(header), doors, sizeof doors);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

}  // namespace mortise::runtime::doors
