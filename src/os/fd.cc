#include "os/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <system_error>

namespace mortise::os {
namespace {

Code code_of(int error) noexcept {
  switch (error) {
    case ENOENT:
    case ESRCH: return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS: return Code::denied;
    case EEXIST:
    case ENOTEMPTY: return Code::conflict;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EBUSY:
    case ETXTBSY: return Code::busy;
    case ENOSYS:
    case EOPNOTSUPP: return Code::unsupported;
    case EINVAL:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case EFBIG:
    case E2BIG:
    case ENOEXEC: return Code::invalid;
    case ETIMEDOUT: return Code::timeout;
    default: return Code::internal;
  }
}

const char* hint_of(int error) noexcept {
  switch (error) {
    case ENOSPC: return "free some space on that disk";
    case EDQUOT: return "the disk quota of this user is used up";
    case EMFILE:
    case ENFILE: return "raise the limit of open files (ulimit -n)";
    case ENOMEM: return "free some memory or send less at once";
    case EACCES: return "check the permissions of the file and of the folders above it";
    case EROFS: return "the file system is mounted read-only";
    default: return "";
  }
}

}  // namespace

void Fd::close() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

Fd Fd::duplicate() const {
  const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw system_error("cannot duplicate a file descriptor", "");
  return Fd(copy);
}

Error system_error(const std::string& what, const std::string& path, int error) {
  std::string message = what;
  if (!path.empty()) message.append(" '").append(path).append("'");
  message.append(": ").append(std::generic_category().message(error));
  Error result(code_of(error), message, hint_of(error));
  if (!path.empty()) result.with("file", path);
  result.with("errno", std::to_string(error));
  return result;
}

}  // namespace mortise::os
