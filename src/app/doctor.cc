#include "app/doctor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>

#include "app/kernel_features.h"
#include "app/sandbox_report.h"
#include "app/scanner_tools.h"
#include "app/version.h"
#include "app/warm_starts.h"
#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"
#include "os/process.h"
#include "os/run_program.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"

namespace mortise::app {
namespace {

namespace fs = std::filesystem;

// One group of checks on its way to becoming a Value.
class Group {
 public:
  explicit Group(std::string name) : name_(std::move(name)) {}

  void ok(std::string_view name, const std::string& found) { add(name, "ok", found, {}); }
  void note(std::string_view name, const std::string& found, const std::string& hint) {
    add(name, "note", found, hint);
  }
  void problem(std::string_view name, const std::string& found, const std::string& hint) {
    add(name, "problem", found, hint);
    healthy_ = false;
  }
  void feature(std::string_view name, bool there, const std::string& hint) {
    there ? ok(name, "yes") : note(name, "no", hint);
  }
  [[nodiscard]] bool healthy() const { return healthy_; }
  [[nodiscard]] Value value() const { return Value::map({{"name", name_}, {"checks", checks_}}); }

 private:
  void add(std::string_view name, std::string_view status, const std::string& found, const std::string& hint) {
    Value check = Value::map({{"name", name}, {"status", status}, {"found", found}});
    if (!hint.empty()) check.set("hint", hint);
    checks_.push_back(std::move(check));
  }

  std::string name_;
  Value checks_ = Value::list();
  bool healthy_ = true;
};

std::string size_text(std::uint64_t bytes) {
  const double gib = static_cast<double>(bytes) / (1024.0 * 1024 * 1024);
  std::string text = std::to_string(gib);
  return text.substr(0, text.find('.') + 2) + " GiB";
}

void check_file(Group& group, std::string_view name, const std::string& path, const std::string& hint) {
  ::access(path.c_str(), X_OK) == 0 ? group.ok(name, path)
                                    : group.problem(name, path.empty() ? "not found" : path + " is missing", hint);
}

Group program(const Settings& settings, const Places& places, const runtime::RuntimePaths& paths) {
  Group group("Program");
  group.ok("version", version());
  group.ok("executable", places.executable);
  check_file(group, "launcher", paths.launcher, "it belongs beside the program; build or install mortise again");
  check_file(group, "worker", paths.worker, "it belongs beside the program; build or install mortise again");
  plugin::Registry registry;
  std::vector<fs::path> directories;
  if (settings.plugins.first_party && !places.first_party_plugins.empty())
    directories.emplace_back(places.first_party_plugins);
  for (const std::string& directory : settings.plugins.directories) {
    if (settings.plugins.auto_discovery && fs::is_directory(directory)) directories.emplace_back(directory);
  }
  const auto report = registry.scan(directories);
  group.ok("plugins", std::to_string(report.added.size()) + " found");
  for (const auto& problem : report.problems)
    group.note("plugin left out", problem.folder.string(), problem.error.what());
  for (const auto& problem : report.incomplete)
    group.note("plugin incomplete", problem.folder.string(),
               std::string(problem.error.what()) + "; " + problem.error.hint());
  return group;
}

void add_warm_starts(Group& group, const std::string& language, const runtime::RuntimePaths& paths, const Settings& settings) {
  const WarmStarts warm = try_zygote(language, paths, settings);
  warm.there ? group.ok("warm starts", warm.found) : group.note("warm starts", warm.found, warm.hint);
}

Group python(const runtime::RuntimePaths& paths, const Settings& settings) {
  Group group("Python");
  const auto answer = os::run_program({{paths.python, "-c", "import sys; print('.'.join(map(str, sys.version_info[:3])))"}});
  if (!answer || answer->exit_status != 0) {
    group.note("interpreter", paths.python.empty() ? "not found" : paths.python + " does not run",
               "Python plugins cannot run; install python3 (3.11 or later), or name one in MORTISE_PYTHON");
    return group;
  }
  const std::string found = answer->output.substr(0, answer->output.find('\n'));
  group.ok("interpreter", paths.python + " (" + found + ")");
  const auto numpy =
      os::run_program({{paths.python, "-c", "import numpy; print(numpy.__version__)"}, std::chrono::seconds(20)});
  if (numpy && numpy->exit_status == 0) {
    group.ok("numpy", numpy->output.substr(0, numpy->output.find('\n')));
  } else {
    group.note("numpy", "not found", "Python plugins then see tables as plain lists; tools/setup installs it");
  }
  const std::string sdk = os::join(paths.python_sdk, "mortise");
  fs::is_directory(sdk) ? group.ok("SDK", sdk)
                        : group.problem("SDK", sdk + " is missing", "it belongs to mortise; build or install it again");
  add_warm_starts(group, "python", paths, settings);
  return group;
}

Group r(const runtime::RuntimePaths& paths, const Settings& settings) {
  Group group("R");
  if (paths.r_home.empty()) {
    group.note("interpreter", "not found",
               "plugins in R cannot run; install r-base-core (R 4.2 or later) and build mortise again, or name R's folder in MORTISE_R_HOME");
    return group;
  }
  const std::string program = os::join(paths.r_home, "bin/R");
  const auto answer = os::run_program({{program, "--version"}});  // "R version 4.2.2 (2022-10-31)"
  if (!answer || answer->exit_status != 0) {
    group.note("interpreter", program + " does not run", "plugins in R cannot run; install r-base-core again");
    return group;
  }
  const std::string words = answer->output.substr(0, answer->output.find('\n'));
  const std::size_t digit = std::min(words.find_first_of("0123456789"), words.size());
  group.ok("interpreter", paths.r_home + " (" + words.substr(digit, words.find(' ', digit) - digit) + ")");
  const std::string sdk = os::join(paths.r_library, "mortise");
  fs::is_directory(sdk) ? group.ok("SDK", sdk)
                        : group.note("SDK", sdk + " is missing", "it is built where R is: build or install mortise again");
  add_warm_starts(group, "r", paths, settings);
  return group;
}

Group go(const runtime::RuntimePaths& paths) {
  Group group("Go");
  const auto answer = paths.go.empty() ? std::nullopt : os::run_program({{paths.go, "version"}});  // "go version go1.19.8 linux/amd64"
  if (!answer || answer->exit_status != 0) {
    group.note("toolchain", paths.go.empty() ? "not found" : paths.go + " does not run",
               "plugins that come as Go source cannot be built, those that come built still run; install golang-go (Go 1.19 "
               "or later), or name a go program in MORTISE_GO");
    return group;
  }
  const std::string words = answer->output.substr(0, answer->output.find('\n'));
  const std::size_t number = std::min(words.find("go1"), words.size());
  group.ok("toolchain", paths.go + " (" + words.substr(number, words.find(' ', number) - number) + ")");
  const std::string sdk = os::join(paths.go_sdk, "go.mod");
  fs::exists(sdk) ? group.ok("SDK", paths.go_sdk)
                  : group.problem("SDK", sdk + " is missing", "it belongs to mortise; build or install it again");
  return group;
}

Group package_scan(const runtime::RuntimePaths& paths) {
  Group group("Package scan");
  group.ok("own rules", "for Python, R, Go, C and C++");
  for (const ScannerTool& tool : scanner_tools(paths.python)) {
    tool.there ? group.ok(tool.name, tool.found) : group.note(tool.name, tool.found, tool.hint);
  }
  return group;
}

Group kernel() {
  Group group("Kernel");
  const KernelFeatures features = kernel_features();
  group.ok("release", features.release);
  features.memfd_seals ? group.ok("sealed memory", "yes")
                       : group.problem("sealed memory", "no", "tables cannot be shared with workers; Linux 5.1 has it");
  features.pidfd ? group.ok("process handles", "yes")
                 : group.problem("process handles", "no", "workers cannot be watched; Linux 5.3 has them");
  features.landlock_abi > 0 ? group.ok("Landlock", "version " + std::to_string(features.landlock_abi))
                            : group.note("Landlock", "no", "boot with lsm=landlock,... to have it");
  group.feature("seccomp filters", features.seccomp_filter,
                "the kernel was built without CONFIG_SECCOMP_FILTER, or a container forbids them");
  group.feature("user namespaces", features.user_namespaces,
                "see the sysctl user.max_user_namespaces, or the container's own restrictions");
  features.cgroups != "none" ? group.ok("cgroups", features.cgroups)
                             : group.note("cgroups", "none", "memory of a worker is limited by rlimits alone");
  return group;
}

void add_layer(Group& group, const LayerReport& layer) {
  if (layer.result == "blocked") return group.ok(layer.name, "stops: " + layer.tried);
  if (layer.result == "open") return group.problem(layer.name, "does not stop: " + layer.tried, layer.why);
  if (layer.result == "unproven") return group.note(layer.name, "used, but not proven", layer.why + ": " + layer.tried);
  const std::string instead(layer.instead());
  group.note(layer.name, "missing: " + layer.why, instead.empty() ? "nothing stands in for it" : "instead, " + instead);
}

std::string_view words_of_level(const std::string& level) {
  if (level == "root") return "root: namespaces, and a user of its own for every worker";
  if (level == "user") return "user: namespaces inside a user namespace; workers keep this user's number";
  return "bare: no namespaces; access rules, the filter and the limits hold alone";
}

// Of `isolation` in the report: "confined", "partly" or "unconfined".
std::string isolation_word(const Settings& settings, const SandboxReport& sandbox) {
  if (settings.runtime.sandbox == Settings::Runtime::Sandbox::DANGEROUSLY_off) return "unconfined";
  if (!sandbox.confines()) return "unconfined";
  return sandbox.level == "bare" ? "partly" : "confined";
}

Group isolation(const Settings& settings, const SandboxReport& sandbox) {
  Group group("Isolation");
  const std::string word = isolation_word(settings, sandbox);
  if (settings.runtime.sandbox == Settings::Runtime::Sandbox::DANGEROUSLY_off) {
    group.note("workers", word, "runtime.sandbox is off: plugins may do all that this user may; run only your own");
  } else if (word == "confined") {
    group.ok("workers", word + ", each in a process that sees its own files and nobody else");
  } else {
    group.note("workers", word, "some layers are missing, see below; runtime.sandbox: required lets no worker start so");
  }
  group.ok("containers", "no Docker is needed: what is below is used instead, for every worker");
  if (!sandbox.problem.empty()) group.problem("probe", sandbox.problem, "build or install mortise again");
  if (!sandbox.level.empty()) group.ok("level", std::string(words_of_level(sandbox.level)));
  for (const LayerReport& layer : sandbox.layers) add_layer(group, layer);
  for (const std::string& name : settings.plugins.trusted) {
    group.note(
        "trusted", name,
        "runs inside the host's own process, because plugins.trusted says so: a crash of it is a crash of the host");
  }
  return group;
}

// The folder itself, or what would have to hold it.
std::string nearest_present(std::string folder) {
  std::error_code failure;
  while (!fs::exists(folder, failure) && folder != "/") folder = os::parent_of(folder);
  return folder;
}

Group data_folder(const std::string& data_dir) {
  Group group("Data folder");
  const std::string place = nearest_present(data_dir);
  if (!fs::is_directory(place) || ::access(place.c_str(), W_OK | X_OK) != 0) {
    group.problem("path", data_dir, place + " is no folder that can be written; choose another with --data-dir");
  } else {
    group.ok("path", data_dir + (place == data_dir ? "" : " (not there yet)"));
  }
  struct statvfs space {};
  if (::statvfs(place.c_str(), &space) == 0) {
    const std::uint64_t free_bytes = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
    free_bytes > (256U << 20U) ? group.ok("free space", size_text(free_bytes))
                               : group.note("free space", size_text(free_bytes), "runs are recorded here");
  }
  const auto holder = os::LockFile::holder(lock_path(data_dir));
  group.ok("owner", !holder ? "nobody" : *holder == ::getpid() ? "this process" : "process " + std::to_string(*holder));
  return group;
}

// Whether this very address could be bound now.
bool is_free(const std::string& host, std::uint16_t port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  const os::Fd socket(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (ipv6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    return ::inet_pton(AF_INET6, host.c_str(), &address.sin6_addr) == 1 &&
           ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  return ::inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &address.sin_addr) == 1 &&
         ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

Group ports(const std::string& data_dir, const Settings& settings) {
  Group group("Ports");
  const bool owned = os::LockFile::holder(lock_path(data_dir)).has_value();
  for (const std::string& host : settings.server.hosts) {
    for (const std::uint16_t port : settings.server.ports) {
      const std::string where = host + ":" + std::to_string(port);
      if (port == 0 || is_free(host, port)) {
        group.ok(where, "free");
      } else if (owned) {
        group.ok(where, "in use, probably by the owner of the data folder");
      } else {
        group.note(where, "in use", "`mortise serve` needs another one: --port, or server.port in the configuration");
      }
    }
  }
  return group;
}

Group machine() {
  Group group("Machine");
  group.ok("processors", std::to_string(os::usable_processors()));
  group.ok("memory", size_text(os::physical_memory()));
  return group;
}

}  // namespace

Value examine(const std::string& data_dir, const Settings& settings, const Places& places) {
  const runtime::RuntimePaths paths = runtime::RuntimePaths::beside(places.executable);
  const SandboxReport sandbox = SandboxReport::ask(paths.launcher);
  const Group groups[] = {
      program(settings, places, paths), python(paths, settings), r(paths, settings), go(paths), package_scan(paths), kernel(), isolation(settings, sandbox), data_folder(data_dir),
      ports(data_dir, settings),        machine()};
  Value listed = Value::list();
  bool healthy = true;
  for (const Group& group : groups) {
    listed.push_back(group.value());
    healthy = healthy && group.healthy();
  }
  return Value::map({{"healthy", healthy}, {"version", version()}, {"isolation", isolation_word(settings, sandbox)}, {"groups", listed}});
}

}  // namespace mortise::app
