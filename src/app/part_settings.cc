#include "app/part_settings.h"

#include <filesystem>
#include <limits>

#include "environments/environments.h"
#include "http/server.h"
#include "http/tokens.h"
#include "jobs/core/retention.h"
#include "os/file.h"
#include "os/paths.h"
#include "package/depot.h"
#include "package/policy.h"
#include "plugin/grants.h"
#include "runtime/runtime.h"

namespace mortise::app {
namespace {

// What workers do not see, wherever it lies within what they do: the data folder, and the plugins that are not theirs. Of the
// working folder only that it is there: relative paths start in it.
std::vector<runtime::sandbox::Path> hidden_paths(const Settings& settings, const std::string& data) {
  using Access = runtime::sandbox::Path::Access;
  constexpr auto optional = runtime::sandbox::Path::Presence::may_be_missing;
  const std::string working = std::filesystem::current_path().string();
  std::vector<runtime::sandbox::Path> paths;
  if (working != "/") paths.push_back({working, Access::hidden, optional});
  for (const std::string& folder : settings.plugins.directories) paths.push_back({folder, Access::hidden, optional});
  paths.push_back({data, Access::hidden, optional});
  // What is made and kept for plugins: what they are described by, models, and what they were built into.
  for (const char* name : {"inspected", "packages"}) os::make_directories(os::join(data, name));  // a worker that started before would not see it
  paths.push_back({os::join(data, "inspected"), Access::write, optional});
  for (const char* name : {"models", "packages", "go"}) paths.push_back({os::join(data, name), Access::execute, optional});
  return paths;
}

// A verb's own host ends before a zygote has paid for itself, unless it starts workers again and again.
runtime::RuntimeSettings::Zygotes zygotes_for(Settings::Runtime::Zygotes chosen, cli::HostOptions::Ports ports) {
  using From = Settings::Runtime::Zygotes;
  using To = runtime::RuntimeSettings::Zygotes;
  if (chosen == From::off) return To::off;
  if (ports != cli::HostOptions::Ports::configured) return To::later;
  return chosen == From::ahead ? To::ahead : To::first;
}

}  // namespace

runtime::RuntimePaths runtime_paths(const Places& places, const std::string& data_dir) {
  runtime::RuntimePaths paths = runtime::RuntimePaths::beside(places.executable);
  paths.go_builds = os::join(os::absolute(data_dir), "go");
  paths.working_folder = std::filesystem::current_path().string();
  return paths;
}

runtime::RuntimeSettings runtime_settings(const Settings& settings, const HouseOptions& options, const plugin::Grants& grants,
                                          const package::Depot& depot, environments::Environments& environments) {
  runtime::RuntimeSettings chosen;
  chosen.admit = [&depot](const plugin::Descriptor& plugin) { depot.require_unchanged(plugin.folder); };
  chosen.packages = [&environments](const plugin::Descriptor& plugin) { return environments.folder_for(plugin); };
  chosen.grants = &grants;
  const std::string data = os::absolute(options.data_dir);
  chosen.folders = {data, os::join(data, "files"), os::join(data, "plugin-files"), settings.permissions.folders};
  chosen.grace = settings.runtime.grace;
  chosen.idle = settings.runtime.idle;
  chosen.memory_bytes = settings.runtime.memory;
  using From = Settings::Runtime::Sandbox;
  using To = runtime::RuntimeSettings::Sandbox;
  chosen.sandbox = settings.runtime.sandbox == From::automatic ? To::automatic
                   : settings.runtime.sandbox == From::required ? To::required
                                                                : To::DANGEROUSLY_off;
  chosen.worker_paths = hidden_paths(settings, data);
  chosen.processes = settings.runtime.processes;
  chosen.most_idle = settings.runtime.most_idle;
  chosen.cgroups = settings.runtime.cgroups;
  chosen.transport = settings.runtime.transport;
  chosen.zygotes = zygotes_for(settings.runtime.zygotes, options.ports);
  return chosen;
}

jobs::RetentionPolicy retention_policy(const Settings& settings) {
  jobs::RetentionPolicy policy;
  policy.runs = settings.retention.runs_age;
  policy.run_count = settings.retention.runs_count == 0 ? std::numeric_limits<std::int64_t>::max()
                                                        : settings.retention.runs_count;
  policy.outputs = settings.retention.outputs_age;
  return policy;
}

http::ServerOptions server_options(const std::string& data_dir, const Settings& settings, cli::HostOptions::Ports ports,
                                   http::Tokens& tokens) {
  http::ServerOptions options;
  if (ports == cli::HostOptions::Ports::configured) {
    for (const std::string& host : settings.server.hosts) {
      for (const std::uint16_t port : settings.server.ports) options.listen.push_back({host, port});
    }
  }
  options.unix_socket = socket_path(data_dir);
  options.guard = {settings.server.allowed_hosts, settings.server.allowed_origins};
  using Auth = Settings::Server::Auth;
  using Loopback = http::ServerOptions::Loopback;
  options.loopback = settings.server.auth == Auth::open ? Loopback::may_run : Loopback::needs_token;
  options.holder = [&tokens](std::string_view token) { return tokens.holder(token); };
  options.certificate = settings.server.certificate;
  options.key = settings.server.key;
  options.rate_limit = settings.server.rate_limit;
  options.rate_burst = settings.server.rate_burst;
  options.max_body = settings.server.max_body;
  options.max_upload = settings.server.max_upload;
  options.header_timeout = settings.server.header_timeout;
  options.idle_timeout = settings.server.idle_timeout;
  options.stall_timeout = settings.server.stall_timeout;
  options.max_connections = settings.server.max_connections;
  return options;
}

plugin::SharedCache::Limits cache_limits(const Settings& settings) {
  return {settings.cache.max_size, settings.cache.max_entry, settings.cache.ttl};
}

package::Policy package_policy(const Settings& settings) {
  package::Policy policy;
  policy.signatures = settings.packages.signatures;
  policy.key_files = settings.packages.trusted_keys;
  policy.refuse = settings.packages.refuse;
  policy.limits.archive_bytes = settings.packages.max_archive;
  policy.limits.bytes = settings.packages.max_unpacked;
  policy.limits.files = settings.packages.max_files;
  return policy;
}

}  // namespace mortise::app
