#include "app/settings_view.h"

#include <filesystem>

#include "app/settings_keys.h"
#include "data/value_json.h"

namespace mortise::app {

Value shown(const Configuration& configuration, const std::string& file) {
  Value values = Value::list();
  for (const Key& key : keys()) {
    const auto found = configuration.origins.find(key.name);
    const Origin origin = found == configuration.origins.end() ? Origin{} : found->second;
    values.push_back(Value::map({{"key", key.name},
                                 {"value", key.show(configuration.settings)},
                                 {"source", name_of(origin.source)},
                                 {"place", origin.place}}));
  }
  return Value::map({{"file", file.empty() ? Value() : Value(file)}, {"values", values}});
}

Value shown_keys() {
  Value all = Value::list();
  for (const Key& key : keys()) {
    all.push_back(Value::map({{"key", key.name},
                              {"kind", key.kind},
                              {"default", key.standard},
                              {"change", name_of(key.change)},
                              {"variable", variable_of(key.name)},
                              {"meaning", key.meaning}}));
  }
  return all;
}

Difference difference(const Settings& before, const Settings& after) {
  Difference found;
  for (const Key& key : keys()) {
    if (data::to_json(key.show(before)) == data::to_json(key.show(after))) continue;
    (key.change == Key::Change::at_once ? found.at_once : found.restart).emplace_back(key.name);
  }
  return found;
}

std::vector<std::string> doubts(const Configuration& configuration) {
  const Settings& settings = configuration.settings;
  std::vector<std::string> all;
  const auto folder = [&](std::string_view key, const std::string& path) {
    std::error_code ignored;
    if (configuration.origins.contains(key) && !std::filesystem::is_directory(path, ignored))
      all.push_back(std::string(key) + ": there is no folder " + path);
  };
  for (const std::string& path : settings.plugins.directories) folder("plugins.directories", path);
  for (const std::string& path : settings.pipeline_directories) folder("pipelines.directories", path);
  if (settings.server.rate_burst != 0 && settings.server.rate_limit == 0) {
    all.emplace_back("server.rate_burst has no effect without server.rate_limit");
  }
  return all;
}

}  // namespace mortise::app
