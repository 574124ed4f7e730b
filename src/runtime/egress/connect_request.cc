#include "runtime/egress/connect_request.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>

#include "base/error.h"
#include "os/file.h"

namespace mortise::runtime::egress {
namespace {

std::string of_process(std::int32_t thread, const char* what) { return "/proc/" + std::to_string(thread) + "/" + what; }

// The value of a line "Name:\tvalue" of a file in /proc; empty when it is not there.
std::string field(const std::string& file, const std::string& name) {
  try {
    const std::string text = os::read_file(file, 64U << 10);
    const std::size_t line = text.find(name + ":");
    if (line == std::string::npos) return {};
    const std::size_t begin = text.find_first_not_of(" \t", line + name.size() + 1);
    return text.substr(begin, text.find('\n', begin) - begin);
  } catch (const Error&) {
    return {};
  }
}

int number_in(const std::string& text, int base) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

}  // namespace

std::optional<ConnectRequest> ConnectRequest::take(int listener) {
  seccomp_notif notice{};
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) != 0) return std::nullopt;
  ConnectRequest request(listener, notice);
  request.read(notice);
  // What was read belongs to the asking process only if that still waits.
  if (!request.alive()) return std::nullopt;
  return request;
}

// The address is copied once, and that copy is what counts: the worker may change its own meanwhile.
void ConnectRequest::read(const seccomp_notif& notice) {
  number_ = static_cast<int>(notice.data.args[0]);
  const std::uint64_t size = notice.data.args[2];
  if (size > sizeof address_ || size < sizeof(sa_family_t)) {
    problem_ = EINVAL;
    return;
  }
  address_size_ = static_cast<socklen_t>(size);
  iovec here{&address_, address_size_};
  iovec there{reinterpret_cast<void*>(notice.data.args[1]), address_size_};  // NOLINT: an address in the worker
  if (::process_vm_readv(thread_, &here, 1, &there, 1, 0) != static_cast<ssize_t>(address_size_)) {
    problem_ = EFAULT;
    return;
  }
  const int process = number_in(field(of_process(thread_, "status"), "Tgid"), 10);
  const os::Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (handle) socket_ = os::Fd(static_cast<int>(::syscall(SYS_pidfd_getfd, handle.get(), number_, 0)));
  if (!socket_) problem_ = errno == EBADF ? EBADF : EACCES;
  const std::string flags = field(of_process(thread_, "fdinfo/") + std::to_string(number_), "flags");
  close_on_exec_ = (static_cast<unsigned>(number_in(flags, 8)) & static_cast<unsigned>(O_CLOEXEC)) != 0;
}

bool ConnectRequest::alive() const noexcept { return ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_ID_VALID, &id_) == 0; }

os::Fd ConnectRequest::root() const {
  os::Fd folder(::open(of_process(thread_, "root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  return alive() ? std::move(folder) : os::Fd();
}

void ConnectRequest::answer(int error) const noexcept {
  seccomp_notif_resp response{};
  response.id = id_;
  response.error = -error;
  ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);  // fails when the worker is gone: then nobody waits
}

bool ConnectRequest::replace(const os::Fd& connected) const noexcept {
  seccomp_notif_addfd addition{};
  addition.id = id_;
  addition.flags = SECCOMP_ADDFD_FLAG_SETFD;
  addition.srcfd = static_cast<std::uint32_t>(connected.get());
  addition.newfd = static_cast<std::uint32_t>(number_);
  addition.newfd_flags = close_on_exec_ ? O_CLOEXEC : 0;
  return ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_ADDFD, &addition) >= 0;
}

}  // namespace mortise::runtime::egress
