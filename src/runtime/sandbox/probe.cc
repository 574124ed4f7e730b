#include "runtime/sandbox/probe.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "runtime/sandbox/confined_run.h"
#include "runtime/sandbox/kernel_calls.h"

namespace mortise::runtime::sandbox {
namespace {

constexpr User stranger{1'900'004'096, 1'900'004'096};  // just beyond the workers' default range
constexpr int leftover = 40;                            // a descriptor that a careless parent forgot

// What attempts are aimed at, all of it the prober's own.
class Canaries {
 public:
  Canaries() {
    file = "/tmp/mortise-canary-XXXXXX";
    const os::Fd made(::mkstemp(file.data()));
    if (!made) throw os::system_error("cannot plant a file to probe with", file);
    process = kernel::fork_with(0);
    if (process == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) ::pause();
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    tcp_ = os::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(tcp_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(tcp_.get(), 16) == 0) {
      ::getsockname(tcp_.get(), reinterpret_cast<sockaddr*>(&address), &size);
      port = address.sin_port;
    }
    abstract_ = os::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto [name, length] = abstract_name();
    if (::bind(abstract_.get(), reinterpret_cast<const sockaddr*>(&name), length) == 0) (void)::listen(abstract_.get(), 16);
    segment = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0666);
    ::gethostname(host.data(), host.size() - 1);
    (void)::dup2(made.get(), leftover);
  }
  ~Canaries() {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    ::unlink(file.c_str());
    ::shmctl(segment, IPC_RMID, nullptr);
    ::close(leftover);
  }
  Canaries(const Canaries&) = delete;
  Canaries& operator=(const Canaries&) = delete;

  [[nodiscard]] std::pair<sockaddr_un, socklen_t> abstract_name() const {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const std::string text = file.substr(1);
    text.copy(name.sun_path + 1, sizeof name.sun_path - 1);
    return {name, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size())};
  }

  std::string file;
  pid_t process = 0;
  in_port_t port = 0;
  int segment = -1;
  std::array<char, 256> host{};

 private:
  os::Fd tcp_, abstract_;
};

bool can_read(const Canaries& at) { return ::open(at.file.c_str(), O_RDONLY | O_CLOEXEC) >= 0; }
bool can_signal(const Canaries& at) { return ::kill(at.process, 0) == 0; }
bool can_connect(const Canaries& at) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = at.port;
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}
bool can_connect_abstract(const Canaries& at) {
  const auto [name, size] = at.abstract_name();
  return ::connect(::socket(AF_UNIX, SOCK_STREAM, 0), reinterpret_cast<const sockaddr*>(&name), size) == 0;
}
bool can_attach(const Canaries& at) { return ::shmat(at.segment, nullptr, SHM_RDONLY) != reinterpret_cast<void*>(-1); }
bool can_name_host(const Canaries& at) {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && ::strcmp(name.data(), at.host.data()) == 0;
}
bool can_open_netlink(const Canaries&) { return ::socket(AF_NETLINK, SOCK_RAW, 0) >= 0; }
bool can_change_root(const Canaries&) { return ::chroot("/") == 0; }
bool can_gain_rights(const Canaries&) { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0; }
bool can_open_many(const Canaries&) {
  for (int i = 0; i < 96; ++i) {
    if (::open("/dev/null", O_RDONLY) < 0) return false;
  }
  return true;
}
bool can_use_leftover(const Canaries&) { return ::fcntl(leftover, F_GETFD) >= 0; }

struct Attempt {
  Layer layer;
  const char* what;
  bool (*succeeds)(const Canaries&);
};
constexpr std::array attempts{
    Attempt{Layer::private_root, "read a file of the host that no policy names", can_read},
    Attempt{Layer::own_processes, "signal a process of the host", can_signal},
    Attempt{Layer::own_network, "connect to a service on the host's loopback", can_connect},
    Attempt{Layer::own_ipc, "attach shared memory of another process", can_attach},
    Attempt{Layer::own_names, "read the host's name", can_name_host},
    Attempt{Layer::own_user, "read a private file of the host's user", can_read},
    Attempt{Layer::landlock_files, "read a file of the host that no policy names", can_read},
    Attempt{Layer::landlock_network, "connect to a service on the host's loopback", can_connect},
    Attempt{Layer::landlock_scopes, "connect to an abstract Unix socket of the host", can_connect_abstract},
    Attempt{Layer::system_calls, "open a netlink socket", can_open_netlink},
    Attempt{Layer::no_capabilities, "change the root folder", can_change_root},
    Attempt{Layer::no_new_privileges, "gain the rights of a set-uid program", can_gain_rights},
    Attempt{Layer::resource_limits, "open more files than the policy allows", can_open_many},
    Attempt{Layer::closed_descriptors, "use a descriptor that was left open", can_use_leftover},
};

// True: it could. Throws Error when the process cannot be made.
bool succeeds_with(Planner& planner, Layers held, const Attempt& attempt, const Canaries& canaries) {
  Policy policy;
  policy.limits.open_files = 64;
  policy.DANGEROUSLY_off = Layers::all().without(held);
  if (held.has(Layer::own_user)) policy.required.add(Layer::own_user);
  const Ended ended = run_confined(planner, policy, stranger, [&] { return attempt.succeeds(canaries) ? 0 : 1; });
  if (!ended.refused.empty()) {
    throw Error(Code::unsupported, "cannot " + ended.refused + ": " + ::strerror(ended.error));
  }
  return WIFEXITED(ended.wait_status) && WEXITSTATUS(ended.wait_status) == 0;
}

Proof prove(Planner& planner, const Attempt& attempt, const Canaries& canaries) {
  Proof proof{attempt.layer, Proof::Result::missing, attempt.what, {}};
  if (!planner.machine().layers.has(attempt.layer)) {
    proof.why = planner.machine().missing[static_cast<std::size_t>(attempt.layer)];
    return proof;
  }
  try {
    // Rights that a user namespace brought are there to be dropped even where the host has none.
    Layers around;
    if (attempt.layer == Layer::no_capabilities && planner.machine().level == Level::user) around.add(Layer::own_names);
    Layers held = around;
    held.add(attempt.layer);
    if (!succeeds_with(planner, around, attempt, canaries)) {
      proof.result = Proof::Result::unproven;
      proof.why = "this is impossible here without the layer, too";
    } else if (succeeds_with(planner, held, attempt, canaries)) {
      proof.result = Proof::Result::OPEN;
      proof.why = "a process held by this layer could do it; please report this";
    } else {
      proof.result = Proof::Result::blocked;
    }
  } catch (const Error& error) {
    proof.result = Proof::Result::OPEN;
    proof.why = error.what();
  }
  return proof;
}

}  // namespace

std::string_view name_of(Proof::Result result) noexcept {
  switch (result) {
    case Proof::Result::blocked: return "blocked";
    case Proof::Result::missing: return "missing";
    case Proof::Result::unproven: return "unproven";
    case Proof::Result::OPEN: return "open";
  }
  return "open";
}

std::vector<Proof> prove_layers(const Machine& machine) {
  Planner planner(machine);
  const Canaries canaries;
  std::vector<Proof> proofs;
  for (const Attempt& attempt : attempts) proofs.push_back(prove(planner, attempt, canaries));
  return proofs;
}

}  // namespace mortise::runtime::sandbox
