#include "dialects/kbert/settings.h"

#include <algorithm>
#include <filesystem>

#include "base/config_tree.h"
#include "dialects/core/inspector.h"
#include "os/paths.h"

namespace mortise::dialects::kbert {
namespace {

namespace fs = std::filesystem;

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

Value configs_of(const Node& node) {
  Value configs = Value::map();
  if (node.is_null()) return configs;
  for (const auto& [name, config] : node.members()) {
    if (!config.is_null() && !config.is(Node::Kind::map)) throw config.expected("a map");
    configs.set(name, config.is_null() ? Value::map() : to_value(config));
  }
  return configs;
}

void read_plugins(const Node& node, Settings& settings) {
  node.forbid_unknown({"enabled", "disabled", "paths", "configs", "discover_project", "discover_entry_points",
                       "validate_on_load", "fail_on_validation_error", "auto_initialize", "auto_start", "categories"});
  const auto texts = [&](const char* key, std::vector<std::string>& to) {
    if (const auto found = node.find(key); found && !found->is_null()) to = found->as_strings();
  };
  texts("enabled", settings.enabled);
  texts("disabled", settings.disabled);
  texts("paths", settings.paths);
  if (const auto found = node.find("categories"); found && !found->is_null()) settings.categories = found->as_strings();
  if (const auto found = node.find("configs")) settings.configs = configs_of(*found);
  settings.discover_project = node.bool_or("discover_project", true);
  settings.discover_entry_points = node.bool_or("discover_entry_points", true);
  settings.validate_on_load = node.bool_or("validate_on_load", true);
  settings.fail_on_validation_error = node.bool_or("fail_on_validation_error", false);
  settings.auto_initialize = node.bool_or("auto_initialize", true);
  settings.auto_start = node.bool_or("auto_start", false);
}

std::optional<Node> below(const Node& node, std::initializer_list<const char*> keys) {
  std::optional<Node> at = node;
  for (const char* key : keys) {
    if (!at || !at->is(Node::Kind::map)) return std::nullopt;
    at = at->find(key);
  }
  return at;
}

}  // namespace

std::string Settings::reason_against(const std::string& name, const std::string& category) const {
  if (contains(disabled, name)) return "it is among plugins.disabled";
  if (!enabled.empty() && !contains(enabled, name)) return "it is not among plugins.enabled";
  if (categories && !contains(*categories, category))
    return "its category " + category + " is not among plugins.categories";
  return {};
}

Settings read_settings(const std::string& folder) {
  Settings settings;
  const std::string yaml = os::join(folder, "k-bert.yaml"), toml = os::join(folder, "pyproject.toml");
  std::optional<Node> plugins;
  if (fs::exists(yaml)) {
    const Node root = read_config(yaml);
    settings.file = yaml;
    if (root.is(Node::Kind::map)) settings.project = to_value(root);
    plugins = below(root, {"plugins"});
  } else if (fs::exists(toml)) {
    plugins = below(read_config(toml), {"tool", "k-bert", "plugins"});
    if (plugins) settings.file = toml;
  }
  if (plugins && !plugins->is_null()) read_plugins(*plugins, settings);
  return settings;
}

bool is_project(const std::string& folder) {
  if (fs::exists(os::join(folder, "k-bert.yaml"))) return true;
  const std::string text = beginning_of(os::join(folder, "pyproject.toml"));
  return text.find("tool.k-bert") != std::string::npos;
}

std::string project_of(const std::string& folder) {
  for (std::string at = folder; at.size() > 1; at = os::parent_of(at)) {
    if (is_project(at)) return at;
  }
  return folder;
}

}  // namespace mortise::dialects::kbert
