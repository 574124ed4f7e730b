// Settings: what the host is told about itself, as types, and where each came from.
//
// Four places have a say, each before the one above it: the defaults, the configuration file, the environment (MORTISE_SERVER_PORT
// is server.port), and the command line. Every key is one row of a table (settings_keys.h), which reads it, shows it, and says
// in words what it means; docs/configuration.md is held to that table by a test. An unknown key, or a value of the wrong kind,
// is an error that names place, key, what was expected and what was there. Relative paths start at the folder of the file, and
// at the present folder elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "package/policy.h"
#include "runtime/transport.h"
#include "plugin/allowed.h"

namespace mortise::app {

struct Settings {
  struct Server {
    enum class Auth { open, required };  // open: whoever reaches a loopback port may use the routes of `read` and `run`

    std::vector<std::string> hosts{"127.0.0.1"};
    std::vector<std::uint16_t> ports{8080, 8001};
    std::vector<std::string> allowed_hosts, allowed_origins;
    Auth auth = Auth::open;
    std::string certificate, key;  // PEM files; empty: plain HTTP
    double rate_limit = 0;         // requests per second of one client; 0: no limit
    std::uint32_t rate_burst = 0;  // 0: twice the limit
    std::uint64_t max_body = 64U << 20U;
    std::uint64_t max_upload = std::uint64_t{10} << 30U;
    std::size_t max_connections = 512;
    std::chrono::milliseconds header_timeout{10'000}, idle_timeout{60'000}, stall_timeout{30'000};
    std::chrono::milliseconds drain_timeout{30'000};  // what running work gets at the end
  };
  struct Plugins {
    std::vector<std::string> directories;  // absolute
    bool auto_discovery = true;            // whether the directories are scanned at start
    bool first_party = true;               // whether the plugins that come with mortise are there
    std::chrono::milliseconds timeout{60'000};
    std::size_t max_concurrency = 10;
    std::vector<std::string> trusted;                   // DANGER: these run inside the host's own process
    std::chrono::milliseconds health_interval{60'000};  // 0: only when asked
    std::chrono::milliseconds watch{0};                 // 0: files that change are not looked for
  };
  struct Permissions {
    plugin::PermissionPolicy policy = plugin::PermissionPolicy::grant;
    std::vector<std::string> folders;  // absolute; what `file_system` alone may read and write
  };
  struct Packages {
    package::Policy::Signatures signatures = package::Policy::Signatures::warn;
    std::vector<std::string> trusted_keys;                   // files, absolute
    std::vector<std::string> refuse = {"high", "critical"};  // severities of findings
    std::uint64_t max_archive = package::Limits{}.archive_bytes, max_unpacked = package::Limits{}.bytes;
    std::uint64_t max_files = package::Limits{}.files;
  };
  struct Runtime {
    std::chrono::milliseconds grace{1'000}, idle{300'000};
    std::uint64_t memory = 0;  // of a worker; 0: a quarter of the machine
    enum class Sandbox { automatic, required, DANGEROUSLY_off };
    Sandbox sandbox = Sandbox::automatic;
    std::uint32_t processes = 512;
    std::size_t most_idle = 64;
    bool cgroups = true;
    runtime::Transport transport = runtime::Transport::automatic;
    enum class Zygotes { automatic, ahead, off };
    Zygotes zygotes = Zygotes::automatic;
  };
  struct Cache {
    std::uint64_t max_size = 64U << 20U, max_entry = 8U << 20U;
    std::chrono::milliseconds ttl{300'000};
  };
  struct Environments {
    std::string wheels, r_packages, index;
    bool uv = true;                    // where it is found
    bool allow_source_builds = false;  // DANGER: packages run their own code while they are installed
    std::chrono::milliseconds timeout{600'000};
    std::chrono::seconds keep{30 * 24 * 3600};  // 0: for ever
  };
  struct Retention {
    std::chrono::seconds runs_age{0};  // 0: for ever
    std::uint64_t runs_count = 0;      // 0: any number
    std::chrono::seconds outputs_age{7 * 24 * 3600};  // 0: for as long as their run
  };

  std::string data_dir;  // absolute; empty: not said
  Server server;
  Plugins plugins;
  Permissions permissions;
  Packages packages;
  Runtime runtime;
  Cache cache;
  Environments environments;
  Retention retention;
  std::vector<std::string> pipeline_directories;
  Log::Options logging;
};

struct Origin {
  enum class Source { standard, file, environment, command_line } source = Source::standard;
  std::string place;  // "mortise.yaml:7:3", "MORTISE_SERVER_PORT", "--port"; empty for defaults
};
[[nodiscard]] std::string_view name_of(Origin::Source source) noexcept;

// A key as the command line gives it: {"server.port", {"9000"}, "--port"}.
struct Override {
  std::string key;
  std::vector<std::string> values;
  std::string option;
};

struct Sources {
  std::string file;    // absolute; empty: none
  std::string folder;  // absolute: the present one
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<Override> overrides;
};
// This process's own environment.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> own_environment();

struct Configuration {
  Settings settings;
  std::map<std::string, Origin, std::less<>> origins;  // of the keys that are not at their default
  std::vector<std::string> secrets;                    // values that came from ${NAME} in the file
};

// ${NAME} in the file is replaced from the environment. Throws Error{invalid, not_found} at the first problem.
[[nodiscard]] Configuration read_configuration(const Sources& sources);
// All problems at once; none: all is well.
[[nodiscard]] std::vector<Error> problems_of(const Sources& sources);

}  // namespace mortise::app
