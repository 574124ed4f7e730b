// Settings: what mimolo.toml (or .yaml) says.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobs/monitors/record_files.h"
#include "mortise/value.hpp"

namespace mortise::dialects::mimolo {

// [plugins.NAME]
struct PluginSection {
  bool enabled = true;
  std::optional<double> poll_interval_s;
  std::optional<bool> resets_cooldown, infrequent;
  Value arguments = Value::map();  // everything else, as it was written
};

struct Settings {
  std::string file;  // absolute; empty: none was read
  double cooldown_seconds = 600;
  double poll_tick_ms = 200;  // accepted; monitors have schedules of their own here
  std::string log_dir;        // absolute
  jobs::RecordFormat log_format = jobs::RecordFormat::jsonl;
  std::string console_verbosity = "info";
  std::vector<std::pair<std::string, PluginSection>> plugins;  // in the order of the file
};

// Relative paths start at `folder`. Throws Error{not_found} "Configuration file not found: ...", Error{invalid} "Unsupported config
// file extension: .ini", "Failed to parse configuration file ..." or "Configuration validation failed: ..."; each has the detail
// phase: configuration.
[[nodiscard]] Settings read_settings(const std::string& file, const std::string& folder);
[[nodiscard]] Settings default_settings(const std::string& folder);

// The command line's word on it.
struct Overrides {
  std::optional<double> cooldown_seconds;
  std::optional<std::string> log_format;
};
void apply(const Overrides& overrides, Settings& settings);

[[nodiscard]] Value shown(const Settings& settings);

}  // namespace mortise::dialects::mimolo
