#include "dialects/mimolo/settings.h"

#include <filesystem>

#include "base/config_tree.h"
#include "os/paths.h"

namespace mortise::dialects::mimolo {
namespace {

namespace fs = std::filesystem;

Error in_configuration(const std::string& text, const Error& cause) {
  Error error(cause.code(), text + cause.what(), cause.hint());
  for (const auto& [key, value] : cause.details()) error.with(key, value);
  return error.with("phase", "configuration");
}

double positive(const Node& node) {
  const double number = node.as_float64();
  if (!(number > 0 && number < 1e9)) throw node.problem("must be positive: " + node.text());
  return number;
}

std::string one_of(const Node& node, std::initializer_list<std::string_view> words) {
  std::string expected;
  for (const std::string_view word : words) {
    if (node.is(Node::Kind::string) && node.as_string() == word) return std::string(word);
    expected += (expected.empty() ? "" : ", ") + std::string(word);
  }
  throw node.expected("one of " + expected);
}

jobs::RecordFormat format_of(const std::string& word) {
  if (const auto format = jobs::record_format_named(word)) return *format;
  throw Error(Code::invalid, "log_format is jsonl, yaml or md, not '" + word + "'").with("phase", "configuration");
}

PluginSection plugin_section(const Node& node) {
  PluginSection section;
  for (const auto& [key, value] : node.members()) {
    if (key == "enabled") {
      section.enabled = value.as_bool();
    } else if (key == "poll_interval_s") {
      const double seconds = value.as_float64();
      if (!(seconds > 0 && seconds < 1e9)) throw value.problem("poll_interval_s must be positive: " + value.text());
      section.poll_interval_s = seconds;
    } else if (key == "resets_cooldown") {
      section.resets_cooldown = value.as_bool();
    } else if (key == "infrequent") {
      section.infrequent = value.as_bool();
    } else {
      section.arguments.set(key, to_value(value));
    }
  }
  return section;
}

void read_monitor(const Node& node, const std::string& folder, Settings& settings) {
  node.forbid_unknown({"cooldown_seconds", "poll_tick_ms", "log_dir", "log_format", "console_verbosity"});
  if (const auto found = node.find("cooldown_seconds")) settings.cooldown_seconds = positive(*found);
  if (const auto found = node.find("poll_tick_ms")) settings.poll_tick_ms = positive(*found);
  if (const auto found = node.find("log_format"))
    settings.log_format = format_of(one_of(*found, {"jsonl", "yaml", "md"}));
  if (const auto found = node.find("console_verbosity"))
    settings.console_verbosity = one_of(*found, {"debug", "info", "warning", "error"});
  const auto directory = node.find("log_dir");
  if (!directory) return;
  settings.log_dir = os::absolute(os::join(folder, directory->as_string()));
  if (!fs::is_directory(os::parent_of(settings.log_dir)))
    throw directory->problem("its parent folder " + os::parent_of(settings.log_dir) + " does not exist",
                             "make it first");
}

Node parsed(const std::string& file) {
  const std::string text = read_config_text(file);
  try {
    return parse_config(text, file);
  } catch (const Error& error) {
    throw in_configuration("Failed to parse configuration file " + file + ": ", error);
  }
}

}  // namespace

Settings default_settings(const std::string& folder) {
  Settings settings;
  settings.log_dir = os::join(folder, "logs");
  return settings;
}

Settings read_settings(const std::string& file, const std::string& folder) {
  if (!fs::exists(file)) {
    throw Error(Code::not_found, "Configuration file not found: " + file, "name it with --config FILE")
        .with("file", file)
        .with("phase", "configuration");
  }
  const std::string ending = fs::path(file).extension().string();
  if (ending != ".toml" && ending != ".yaml" && ending != ".yml") {
    throw Error(Code::invalid, "Unsupported config file extension: " + ending, "it is .toml, .yaml or .yml")
        .with("file", file)
        .with("phase", "configuration");
  }
  const Node root = parsed(file);
  try {
    Settings settings = default_settings(folder);
    settings.file = file;
    if (root.is_null()) return settings;
    root.forbid_unknown({"monitor", "plugins"});
    if (const auto monitor = root.find("monitor")) read_monitor(*monitor, folder, settings);
    if (const auto plugins = root.find("plugins"); plugins && !plugins->is_null()) {
      for (const auto& [name, section] : plugins->members())
        settings.plugins.emplace_back(name, plugin_section(section));
    }
    return settings;
  } catch (const Error& error) {
    throw in_configuration("Configuration validation failed: ", error);
  }
}

void apply(const Overrides& overrides, Settings& settings) {
  if (overrides.log_format) settings.log_format = format_of(*overrides.log_format);
  if (!overrides.cooldown_seconds) return;
  if (!(*overrides.cooldown_seconds > 0 && *overrides.cooldown_seconds < 1e9)) {
    throw Error(Code::invalid, "the cooldown must be positive").with("phase", "configuration");
  }
  settings.cooldown_seconds = *overrides.cooldown_seconds;
}

Value shown(const Settings& settings) {
  Value plugins = Value::map();
  for (const auto& [name, section] : settings.plugins) {
    Value shown = Value::map({{"enabled", section.enabled}});
    if (section.poll_interval_s) shown.set("poll_interval_s", *section.poll_interval_s);
    if (section.resets_cooldown) shown.set("resets_cooldown", *section.resets_cooldown);
    if (section.infrequent) shown.set("infrequent", *section.infrequent);
    for (const Member& member : section.arguments.members()) shown.set(member.key(), member.value());
    plugins.set(name, std::move(shown));
  }
  return Value::map({{"file", settings.file.empty() ? Value() : Value(settings.file)},
                     {"monitor", Value::map({{"cooldown_seconds", settings.cooldown_seconds},
                                             {"poll_tick_ms", settings.poll_tick_ms},
                                             {"log_dir", settings.log_dir},
                                             {"log_format", name_of(settings.log_format)},
                                             {"console_verbosity", settings.console_verbosity}})},
                     {"plugins", std::move(plugins)}});
}

}  // namespace mortise::dialects::mimolo
