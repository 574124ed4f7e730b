#include "app/settings.h"

#include <cstdlib>
#include <limits>

#include "base/config_tree.h"
#include "os/paths.h"

namespace mortise::app {
namespace {

// Runs `read` on the member, if it is there.
template <typename Read>
void with(const Node& map, std::string_view key, Read read) {
  if (const auto node = map.find(key); node && !node->is_null()) read(*node);
}

// One, or a list of them.
template <typename Read>
auto one_or_several(const Node& node, Read read) {
  std::vector<decltype(read(node))> all;
  if (!node.is(Node::Kind::list)) return all.push_back(read(node)), all;
  for (const Node& item : node.items()) all.push_back(read(item));
  if (all.empty()) throw node.expected("at least one entry");
  return all;
}

std::chrono::milliseconds milliseconds(const Node& node) {
  const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(node.as_duration());
  if (duration.count() <= 0) throw node.expected("a duration longer than 0, such as 30, 30s or 2m");
  return duration;
}

std::vector<std::string> folders(const Node& node, const std::string& base) {
  std::vector<std::string> all;
  for (const std::string& folder : node.as_strings()) all.push_back(os::absolute(os::join(base, folder)));
  return all;
}

std::uint16_t port(const Node& node) { return static_cast<std::uint16_t>(node.as_int64(0, 65535)); }

void read_server(const Node& node, Settings::Server& server) {
  node.forbid_unknown(
      {"host", "port", "ports", "allowed_hosts", "allowed_origins", "max_body", "max_connections", "drain_timeout"});
  with(node, "host",
       [&](const Node& host) { server.hosts = one_or_several(host, [](const Node& one) { return one.as_string(); }); });
  with(node, "port", [&](const Node& one) { server.ports = one_or_several(one, port); });
  with(node, "ports", [&](const Node& several) { server.ports = one_or_several(several, port); });
  with(node, "allowed_hosts", [&](const Node& hosts) { server.allowed_hosts = hosts.as_strings(); });
  with(node, "allowed_origins", [&](const Node& origins) { server.allowed_origins = origins.as_strings(); });
  with(node, "max_body", [&](const Node& size) { server.max_body = size.as_size(); });
  with(node, "max_connections",
       [&](const Node& count) { server.max_connections = static_cast<std::size_t>(count.as_int64(1, 100'000)); });
  with(node, "drain_timeout", [&](const Node& time) { server.drain_timeout = milliseconds(time); });
}

void read_plugins(const Node& node, const std::string& base, Settings::Plugins& plugins) {
  node.forbid_unknown({"directories", "auto_discovery", "first_party", "timeout", "max_concurrency", "trusted"});
  with(node, "directories", [&](const Node& all) { plugins.directories = folders(all, base); });
  with(node, "auto_discovery", [&](const Node& flag) { plugins.auto_discovery = flag.as_bool(); });
  with(node, "first_party", [&](const Node& flag) { plugins.first_party = flag.as_bool(); });
  with(node, "timeout", [&](const Node& time) { plugins.timeout = milliseconds(time); });
  with(node, "max_concurrency",
       [&](const Node& count) { plugins.max_concurrency = static_cast<std::size_t>(count.as_int64(1, 1000)); });
  with(node, "trusted", [&](const Node& names) { plugins.trusted = names.as_strings(); });
}

void read_runtime(const Node& node, Settings::Runtime& runtime) {
  node.forbid_unknown({"grace", "idle", "memory"});
  with(node, "grace", [&](const Node& time) { runtime.grace = milliseconds(time); });
  with(node, "idle", [&](const Node& time) { runtime.idle = milliseconds(time); });
  with(node, "memory", [&](const Node& size) { runtime.memory = size.as_size(); });
}

void read_logging(const Node& node, const std::string& base, Log::Options& logging) {
  node.forbid_unknown({"level", "format", "file"});
  with(node, "level", [&](const Node& word) {
    const auto level = level_named(word.as_string());
    if (!level) throw word.expected("debug, info, warning or error");
    logging.level = *level;
  });
  with(node, "format", [&](const Node& word) {
    const std::string format = word.as_string();
    if (format != "text" && format != "json") throw word.expected("text or json");
    logging.format = format == "json" ? Log::Format::json : Log::Format::text;
  });
  with(node, "file", [&](const Node& path) { logging.file = os::absolute(os::join(base, path.as_string())); });
}

}  // namespace

Settings default_settings(const std::string& folder) {
  Settings settings;
  settings.plugins.directories = {os::join(folder, "plugins")};
  settings.pipeline_directories = {os::join(folder, "pipelines")};
  return settings;
}

Settings read_settings(const std::string& path, const std::function<void(const std::string&)>& on_secret) {
  const std::string base = os::parent_of(path);
  Settings settings = default_settings(base);
  const Node file = read_config(path);
  if (file.is_null()) return settings;  // an empty file
  expand_environment(
      file,
      [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
      },
      on_secret);
  file.forbid_unknown({"data_dir", "server", "plugins", "runtime", "pipelines", "logging"});
  with(file, "data_dir",
       [&](const Node& folder) { settings.data_dir = os::absolute(os::join(base, folder.as_string())); });
  with(file, "server", [&](const Node& node) { read_server(node, settings.server); });
  with(file, "plugins", [&](const Node& node) { read_plugins(node, base, settings.plugins); });
  with(file, "runtime", [&](const Node& node) { read_runtime(node, settings.runtime); });
  with(file, "logging", [&](const Node& node) { read_logging(node, base, settings.logging); });
  with(file, "pipelines", [&](const Node& node) {
    node.forbid_unknown({"directories"});
    with(node, "directories", [&](const Node& all) { settings.pipeline_directories = folders(all, base); });
  });
  return settings;
}

}  // namespace mortise::app
