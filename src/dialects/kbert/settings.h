// Settings: the `plugins:` part of k-bert.yaml, or [tool.k-bert.plugins] of pyproject.toml.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::dialects::kbert {

struct Settings {
  std::string file;              // absolute; empty: the project says nothing
  Value project = Value::map();  // k-bert.yaml as a whole, for its plugins' ConfigService
  std::vector<std::string> enabled, disabled, paths;
  std::optional<std::vector<std::string>> categories;
  Value configs = Value::map();  // by plugin
  bool discover_project = true, discover_entry_points = true;
  bool validate_on_load = true, fail_on_validation_error = false;
  bool auto_initialize = true, auto_start = false;

  // Whether a plugin is loaded; when not, why.
  [[nodiscard]] std::string reason_against(const std::string& name, const std::string& category) const;
};

// Of the project in that folder. Throws Error{invalid} with file, line and key.
[[nodiscard]] Settings read_settings(const std::string& folder);

// Whether the folder is a project: it has k-bert.yaml, or a pyproject.toml that speaks of k-bert.
[[nodiscard]] bool is_project(const std::string& folder);
// The nearest project that holds `folder`, or the folder itself.
[[nodiscard]] std::string project_of(const std::string& folder);

}  // namespace mortise::dialects::kbert
