// What a confined process sees and can do, tried from inside. The test runs at the level of whoever runs it; as root it also
// becomes an ordinary user and one without user namespaces.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/error.h"
#include "os/file.h"
#include "runtime/sandbox/confined_run.h"
#include "runtime/sandbox/kernel_calls.h"
#include "runtime/sandbox/probe.h"
#include "runtime/sandbox/rights.h"

using namespace mortise::runtime::sandbox;
using mortise::Error;
namespace fs = std::filesystem;
namespace os = mortise::os;

namespace {

constexpr int told = 8;  // a descriptor that stays open inside
constexpr User worker{1'900'004'097, 1'900'004'097};

// A folder that only its owner may enter, with what a policy shows in it.
class Place {
 public:
  Place() {
    std::string name = "/tmp/mortise-sandbox-test-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    root = name;
    for (const char* folder : {"read", "write", "write/secret", "write/secret/open", "unnamed"}) fs::create_directory(root / folder);
    put("read/text", "readable");
    put("write/text", "writable");
    put("write/secret/text", "secret");
    put("unnamed/text", "unnamed");
  }
  ~Place() { fs::remove_all(root); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  void put(const std::string& name, const std::string& text) const {
    std::ofstream(root / name) << text;
    ::chmod((root / name).c_str(), 0600);
  }
  [[nodiscard]] Policy policy() const {
    Policy policy;
    policy.paths = {{root / "read", Path::Access::read},
                    {root / "write", Path::Access::write},
                    {root / "write/secret", Path::Access::hidden},
                    {root / "write/secret/open", Path::Access::write},
                    {root / "later", Path::Access::read, Path::Presence::may_be_missing}};
    return policy;
  }
  fs::path root;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool writes(const fs::path& path) {
  std::ofstream file(path);
  file << "new";
  return file.good();
}

std::string names_in(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) names.insert(entry.path().filename());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

std::string field_of_status(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return line.substr(name.size() + 2);
  }
  return {};
}

// What a function finds inside, as text.
std::string seen(Planner& planner, const Policy& policy, const std::function<std::string()>& look) {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  REQUIRE(::dup2(pipe[1], told) == told);
  ::close(pipe[1]);
  const Ended ended = run_confined(planner, policy, worker, [&] {
    const std::string text = look();
    return ::write(told, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
  });
  ::close(told);
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(pipe[0], buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(got));
  ::close(pipe[0]);
  CHECK(ended.refused == "");
  CHECK(ended.wait_status == 0);
  return text;
}

// Runs the checks in a process that is an ordinary user, if this one is root, and without new user namespaces if told so.
enum class Spaces { allowed, forbidden };
bool as_ordinary_user(Spaces spaces, const std::function<bool()>& checks) {
  const unsigned uid = ::geteuid(), gid = ::getegid();
  const pid_t child = kernel::fork_with(spaces == Spaces::forbidden ? CLONE_NEWUSER : 0);
  if (child == 0) {
    if (spaces == Spaces::forbidden) {
      if (!keep_identity(uid, gid)) ::_exit(2);
      std::ofstream("/proc/sys/user/max_user_namespaces") << "0";
      if (!drop_all_capabilities()) ::_exit(4);
    }
    if (spaces == Spaces::allowed && ::geteuid() == 0) {
      if (::setgroups(0, nullptr) != 0 || ::setresgid(12345, 12345, 12345) != 0 || ::setresuid(12345, 12345, 12345) != 0) ::_exit(3);
      ::prctl(PR_SET_DUMPABLE, 1);
    }
    ::_exit(checks() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0;
}

}  // namespace

TEST_CASE("a confined process sees the paths of its policy and nothing else of the host") {
  Planner planner(Machine::look());
  if (!planner.machine().layers.has(Layer::private_root)) return;
  const Place place;
  Policy policy = place.policy();
  policy.DANGEROUSLY_off = {Layer::landlock_files};  // which does not let the folders around the paths be listed
  CHECK(seen(planner, policy, [] { return names_in("/"); }) == "bin dev etc lib lib32 lib64 proc sbin tmp usr");
  CHECK(seen(planner, policy, [] { return names_in("/tmp"); }).find("mortise-sandbox-test") != std::string::npos);
  CHECK(seen(planner, policy, [&] { return names_in(place.root); }) == "read write");
  CHECK(seen(planner, policy, [&] { return text_of(place.root / "read/text"); }) == "readable");
  CHECK(seen(planner, policy, [&] { return text_of(place.root / "unnamed/text"); }) == "");
  CHECK(seen(planner, policy, [] { return text_of("/etc/shadow") + names_in("/root") + names_in("/home"); }) == "");
  CHECK(seen(planner, policy, [] { return text_of("/etc/passwd"); }).starts_with("worker:x:"));
  CHECK(seen(planner, policy, [] { return names_in("/dev"); }) == "fd full null random shm stderr stdin stdout urandom zero");
}

TEST_CASE("a confined process writes where its policy says so, and what it makes belongs to the folder's owner") {
  Planner planner(Machine::look());
  if (!planner.machine().layers.has(Layer::private_root)) return;
  const Place place;
  const Policy policy = place.policy();
  const auto tried = seen(planner, policy, [&] {
    std::string done;
    for (const char* name : {"read/text", "read/new", "write/text", "write/new", "write/secret/new", "write/secret/open/new", "new"}) {
      if (writes(place.root / name)) done += std::string(name) + " ";
    }
    if (writes("/new") || writes("/usr/new") || writes("/etc/new") || writes("/dev/new")) done += "system ";
    if (writes("/tmp/new") && writes("/dev/shm/new") && writes("/dev/null")) done += "temporary";
    return done;
  });
  CHECK(tried == "write/text write/new write/secret/open/new temporary");
  CHECK_FALSE(fs::exists("/tmp/new"));
  struct stat status {};
  REQUIRE(::stat((place.root / "write/new").c_str(), &status) == 0);
  CHECK(status.st_uid == ::geteuid());
  CHECK(status.st_gid == ::getegid());
  CHECK(text_of(place.root / "read/text") == "readable");
}

TEST_CASE("by the access rules alone a path is read, run or written as the policy says, and no other is there") {
  Planner planner(Machine::look());
  if (!planner.machine().layers.has(Layer::landlock_files)) return;
  const Place place;
  fs::copy_file("/bin/true", place.root / "read/program");
  fs::create_directory(place.root / "run");
  fs::copy_file("/bin/true", place.root / "run/program");
  Policy policy;
  policy.paths = {{place.root / "read", Path::Access::read}, {place.root / "run", Path::Access::execute}, {place.root / "write", Path::Access::write}};
  policy.DANGEROUSLY_off = Layers::all().without({Layer::landlock_files, Layer::no_new_privileges});
  const auto runs = [](const fs::path& program) { return ::system((program.string() + " 2>/dev/null").c_str()) == 0; };
  CHECK(seen(planner, policy, [&] { return text_of(place.root / "read/text") + text_of(place.root / "write/text") + text_of(place.root / "unnamed/text"); }) ==
        "readablewritable");
  CHECK(seen(planner, policy, [&] {
          std::string done;
          for (const char* name : {"read/text", "read/new", "run/new", "unnamed/text", "write/text", "write/new"}) {
            if (writes(place.root / name)) done += std::string(name) + " ";
          }
          for (const char* name : {"read/program", "run/program"}) {
            if (runs(place.root / name)) done += std::string(name) + " runs ";
          }
          std::error_code failure;
          if (fs::remove(place.root / "read/text", failure)) done += "removed ";
          return done + (::mkdir((place.root / "read/folder").c_str(), 0755) == 0 ? "made" : "");
        }) == "write/text write/new run/program runs ");
  CHECK(text_of(place.root / "read/text") == "readable");
}

TEST_CASE("a hidden folder is empty but for what is shown inside it") {
  Planner planner(Machine::look());
  if (!planner.machine().layers.has(Layer::private_root)) return;
  const Place place;
  CHECK(seen(planner, place.policy(), [&] { return names_in(place.root / "write/secret"); }) == "open");
  CHECK(text_of(place.root / "write/secret/text") == "secret");
}

TEST_CASE("a confined process has no rights, and its own user where the host is root") {
  Planner planner(Machine::look());
  const Policy policy;
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    CAPTURE(set);
    CHECK(seen(planner, policy, [&] { return field_of_status(set); }) == "0000000000000000");
  }
  CHECK(seen(planner, policy, [] { return field_of_status("NoNewPrivs") + field_of_status("Seccomp"); }) == "12");
  const std::string uid = seen(planner, policy, [] { return std::to_string(::getuid()); });
  CHECK(uid == std::to_string(planner.machine().level == Level::root ? worker.uid : ::getuid()));
}

TEST_CASE("a confined process sees no other process, and signals to itself mean what they mean elsewhere") {
  Planner planner(Machine::look());
  if (!planner.machine().own_proc) return;
  const Policy policy;
  CHECK(seen(planner, policy, [] {
          int processes = 0;
          for (const auto& entry : fs::directory_iterator("/proc")) processes += std::isdigit(entry.path().filename().string()[0]) != 0;
          return std::to_string(processes);
        }) == "2");  // itself and the holder of its cell
  CHECK(seen(planner, policy, [] { return names_in("/proc/1/root") + names_in("/proc/1/fd") + text_of("/proc/1/environ"); }) == "");
  const Ended aborted = run_confined(planner, policy, worker, [] {
    ::signal(SIGABRT, SIG_DFL);  // the test's own handler came along
    ::abort();
    return 0;
  });
  CHECK(WIFSIGNALED(aborted.wait_status));
  CHECK(WTERMSIG(aborted.wait_status) == SIGABRT);
  const Ended returned = run_confined(planner, policy, worker, [] { return 7; });
  CHECK(WEXITSTATUS(returned.wait_status) == 7);
}

TEST_CASE("what a confined process leaves behind in sessions of its own ends with it") {
  Planner planner(Machine::look());
  if (!planner.machine().layers.has(Layer::own_processes)) return;
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  REQUIRE(::dup2(pipe[1], told) == told);
  ::close(pipe[1]);
  const Ended ended = run_confined(planner, {}, worker, [] {
    if (::fork() != 0) return 0;
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    while (true) ::pause();
  });
  CHECK(ended.wait_status == 0);
  ::close(told);
  char end = 0;
  CHECK(::read(pipe[0], &end, 1) == 0);  // nobody has the other end any more
  ::close(pipe[0]);
}

TEST_CASE("a socket in a folder that is shown leads nowhere, whoever listens there") {
  const Place place;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = place.root / "write/socket";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto connects = [&] {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : 1;
  };
  const os::Fd service(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(service.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(service.get(), 4) == 0);
  Planner planner(Machine::look());
  CHECK(run_confined(planner, place.policy(), worker, connects).wait_status != 0);
  Policy unfiltered = place.policy();
  unfiltered.DANGEROUSLY_off = {Layer::system_calls};
  CHECK(run_confined(planner, unfiltered, worker, connects).wait_status == 0);  // the filter alone stops it
  const auto pairs = [] {
    int ends[2];
    return ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && ::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0 ? 0 : 1;
  };
  CHECK(run_confined(planner, place.policy(), worker, pairs).wait_status == 0);
}

TEST_CASE("a policy that requires a layer this machine lacks is refused with the layer and the reason") {
  Machine machine = Machine::look();
  machine.layers.remove(Layer::own_network);
  machine.missing[static_cast<std::size_t>(Layer::own_network)] = "the test took it away";
  Planner planner(machine);
  Policy policy;
  policy.required = {Layer::own_network};
  CHECK_THROWS_WITH_AS((void)planner.plan(policy, std::nullopt, ""),
                       "the policy requires the layer 'own-network', which cannot be given: the test took it away", Error);
  policy.required = {};
  CHECK_FALSE(planner.plan(policy, std::nullopt, "").layers.has(Layer::own_network));
}

TEST_CASE("a program can be started in a folder that is written to only where the policy says so") {
  const auto builds_and_starts = [](const std::string& folder) {
    const std::string program = folder + "/program";
    std::filesystem::copy_file("/bin/true", program);
    return std::system(program.c_str()) == 0 ? 0 : 1;
  };
  const std::string folder = os::make_temporary_directory("/tmp/mortise-build-");
  ::chmod(folder.c_str(), 0777);
  for (const Path::Access access : {Path::Access::write, Path::Access::write_and_execute}) {
    Planner planner(Machine::look());
    if (!planner.machine().layers.has(Layer::landlock_files)) return;
    Policy policy;
    policy.paths = {{folder, access, Path::Presence::must_exist}};
    const Ended ended = run_confined(planner, policy, worker, [&] { return builds_and_starts(folder); });
    CHECK(ended.refused == "");
    CHECK((ended.wait_status == 0) == (access == Path::Access::write_and_execute));
    std::filesystem::remove(folder + "/program");
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("a path that must exist and does not is refused by its name") {
  Planner planner(Machine::look());
  if (!planner.machine().layers.has(Layer::private_root)) return;
  Policy policy;
  policy.paths = {{"/nowhere/at/all", Path::Access::read}};
  const Ended ended = run_confined(planner, policy, worker, [] { return 0; });
  CHECK(ended.refused == "take '/nowhere/at/all' from the host");
  CHECK(ended.error == ENOENT);
}

TEST_CASE("each layer alone stops what it is there to stop, and without it the same succeeds") {
  for (const Proof& proof : prove_layers(Machine::look())) {
    CAPTURE(name_of(proof.layer));
    CAPTURE(proof.why);
    CHECK((proof.result == Proof::Result::blocked || proof.result == Proof::Result::missing));
  }
}

TEST_CASE("an ordinary user has every layer but a user of its own") {
  CHECK(as_ordinary_user(Spaces::allowed, [] {
    const Machine machine = Machine::look();
    if (machine.level != Level::user) return false;
    for (const Proof& proof : prove_layers(machine)) {
      if ((proof.result == Proof::Result::blocked) == (proof.layer == Layer::own_user)) return false;
    }
    return true;
  }));
}

TEST_CASE("without user namespaces the access rules, the filter and the limits hold alone, and the others are named as missing") {
  CHECK(as_ordinary_user(Spaces::forbidden, [] {
    const Machine machine = Machine::look();
    if (machine.level != Level::bare || machine.layers.has(Layer::private_root)) return false;
    if (machine.missing[static_cast<std::size_t>(Layer::private_root)].find("max_user_namespaces") == std::string::npos) return false;
    for (const Proof& proof : prove_layers(machine)) {
      if (proof.result == Proof::Result::OPEN) return false;
    }
    Planner planner(machine);
    return run_confined(planner, {}, worker, [] { return ::open("/etc/hostname", O_RDONLY) < 0 ? 0 : 1; }).wait_status == 0;
  }));
}
