#include "dialects/kbert/project.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "dialects/core/inspector.h"
#include "dialects/core/needs.h"
#include "dialects/core/told.h"
#include "os/paths.h"
#include "plugin/extension_points.h"
#include "plugin/manifest.h"
#include "plugin/registry.h"

namespace mortise::dialects::kbert {
namespace {

namespace fs = std::filesystem;

constexpr std::array folders{"src/plugins",  "src/heads",   "src/augmenters", "src/features",
                             "src/models",   "src/metrics", "src/loaders",    "src/callbacks",
                             "src/commands", "plugins",     "components"};
constexpr std::size_t most_files = 2000;

bool looks_like_plugins(const std::string& path) {
  const std::string text = beginning_of(path);
  if (may_derive_from(text, "PluginBase") || may_derive_from(text, "infrastructure.plugins")) return true;
  const auto has = [&](const char* word) { return text.find(word) != std::string::npos; };
  return has("class ") && has("metadata") && has("def validate") && has("def initialize") && has("def cleanup");
}

void set_requirements(plugin::Descriptor& plugin, const Value& told) {
  using Type = plugin::Requirement::Type;
  for (std::string& name : texts_in(told, "depends_on"))
    plugin.requires_.push_back({Type::plugin, std::move(name), {}});
  for (std::string& name : texts_in(told, "consumes"))
    plugin.requires_.push_back({Type::capability, std::move(name), {}});
  // One that is not installed is warned of and keeps nothing from being tried: the guide's word. So it is no requirement here.
  const std::vector<std::string> warnings = texts_in(told, "warnings");
  for (std::string& name : texts_in(told, "requirements")) {
    const bool missing = std::find(warnings.begin(), warnings.end(), "Requirement not satisfied: " + name) != warnings.end();
    if (!missing) plugin.requires_.push_back({Type::package, std::move(name), {}});
  }
  plugin.provides = texts_in(told, "provides");
  plugin.conflicts = texts_in(told, "conflicts_with");
}

Found found_of(const Value& told, const plugin::Descriptor& reader) {
  Found found{reader, text_in(told, "doc"), texts_in(told, "warnings")};
  plugin::Descriptor& plugin = found.descriptor;
  plugin.id = text_in(told, "name");
  plugin::check_plugin_name(plugin.id);
  if (const std::string version = text_in(told, "version"); !set_version(plugin, version))
    found.warnings.push_back("Version '" + version + "' is not of the form 1.2 or 1.2.3");
  plugin.description = text_in(told, "description");
  plugin.author = text_in(told, "author");
  plugin.author_email = text_in(told, "email");
  plugin.category = text_in(told, "category");
  plugin.tags = texts_in(told, "tags");
  plugin.adapter.object = text_in(told, "object");
  for (const std::string& point : {plugin.category, text_in(told, "protocol")}) {
    if (plugin::find_extension_point(point) == nullptr) continue;
    plugin.extension_points = {point};
    break;
  }
  set_requirements(plugin, told);
  plugin.keeps_state = true;
  plugin.max_instances = 1;
  plugin.on_failure = plugin::FailurePolicy::report;  // a failed life is kept by the adapter; a failed call is over
  return found;
}

class Opening {
 public:
  Opening(Project& project, const Surroundings& host) : project_(project), host_(host) {}

  void run(const std::vector<std::string>& files) {
    for (const std::string& file : files) read(file);
    order();
    warn_of_unknown_configs();
    settle();
  }

  // By their path below the project, sorted within each folder. The empty one stands for what packages offer.
  std::vector<std::string> files() {
    std::vector<std::string> places;
    if (project_.settings.discover_project) places.assign(folders.begin(), folders.end());
    for (const std::string& path : project_.settings.paths) places.push_back(path);
    std::vector<std::string> all;
    for (const std::string& place : places) collect(os::absolute(os::join(project_.folder, place)), all);
    std::set<std::string> seen;
    std::erase_if(all, [&](const std::string& file) { return !seen.insert(file).second; });
    if (project_.settings.discover_entry_points) all.emplace_back();
    return all;
  }

 private:
  void collect(const fs::path& place, std::vector<std::string>& all) {
    std::error_code none;
    if (fs::is_regular_file(place, none)) return consider(place, all);
    if (!fs::is_directory(place, none)) return;
    std::vector<fs::path> found;
    for (fs::recursive_directory_iterator at(place, fs::directory_options::skip_permission_denied), end; at != end;
         ++at) {
      const std::string name = at->path().filename().string();
      const bool hidden = name.starts_with('.') || name.starts_with("__pycache__");
      if (at->is_directory() && hidden) at.disable_recursion_pending();
      if (at->is_regular_file() && name.ends_with(".py") && !name.starts_with("_")) found.push_back(at->path());
      if (found.size() > most_files) break;
    }
    std::sort(found.begin(), found.end());
    for (const fs::path& path : found) consider(path, all);
  }

  void consider(const fs::path& path, std::vector<std::string>& all) {
    if (all.size() < most_files && looks_like_plugins(path.string()))
      all.push_back(os::is_within(path.string(), project_.folder) ? path.lexically_relative(project_.folder).string()
                                                                  : path.string());
  }

  void read(const std::string& entry) {
    const plugin::Descriptor reader = python_reader("kbert", project_.folder, entry, host_);
    describe(reader, host_, project_.problems, [&](const Value& told) { take(told, reader); });
  }

  void take(const Value& told, const plugin::Descriptor& reader) {
    Found found = found_of(told, reader);
    const std::string& name = found.descriptor.id;
    const std::string reason = project_.settings.reason_against(name, found.descriptor.category);
    if (!names_.insert(name).second && reason.empty()) {
      throw Error(Code::conflict, "Plugin '" + name + "' is already registered", "give one of the two another NAME");
    }
    if (reason.empty()) {
      project_.plugins.push_back(std::move(found));
    } else {
      project_.left_out.push_back({name, reason});
    }
  }

  [[nodiscard]] Descriptors descriptors() const {
    Descriptors all;
    for (const Found& each : project_.plugins) all.push_back(&each.descriptor);
    return all;
  }

  void order() {
    std::vector<Found> sorted;
    for (const std::size_t each : providers_first(descriptors())) sorted.push_back(project_.plugins[each]);
    project_.plugins = std::move(sorted);
  }

  void warn_of_unknown_configs() {
    const std::vector<std::string_view> known(names_.begin(), names_.end());
    for (const Member& config : project_.settings.configs.members()) {
      const std::string name(config.key());
      if (names_.contains(name)) continue;
      project_.warnings.push_back(no_such_plugin("plugins.configs." + name, name, known));
    }
  }

  Value config_of(const std::string& name) const {
    const Value* config = project_.settings.configs.find(name);
    return config == nullptr ? Value::map() : *config;
  }

  // What each of them is told when it is made.
  void settle() {
    Value services = Value::list({"Logger", "ConfigService", "Cache"});
    for (const auto& each : host_.registry.list()) {
      for (const std::string& name : each->provides) services.push_back(name);
    }
    std::vector<Value> settings;
    const Descriptors all = descriptors();
    for (std::size_t i = 0; i < all.size(); ++i) {
      Value needs = Value::list();
      for (const std::size_t other : needed_by(all, i)) {
        needs.push_back(Value::map({{"entry", all[other]->entry},
                                    {"object", all[other]->adapter.object},
                                    {"config", config_of(all[other]->id)}}));
      }
      settings.push_back(Value::map({{"config", config_of(all[i]->id)},
                                     {"validate_on_load", project_.settings.validate_on_load},
                                     {"auto_initialize", project_.settings.auto_initialize},
                                     {"auto_start", project_.settings.auto_start},
                                     {"project", project_.settings.project},
                                     {"services", services},
                                     {"needs", std::move(needs)}}));
    }
    for (std::size_t i = 0; i < settings.size(); ++i) project_.plugins[i].descriptor.settings = std::move(settings[i]);
  }

  Project& project_;
  const Surroundings& host_;
  std::set<std::string> names_;
};

}  // namespace

std::vector<std::string> plugin_files(const plugin::Shelf& shelf) {
  std::vector<std::string> files;
  for (const std::string& file : shelf.files) {
    if (!file.ends_with(".py") || file.starts_with("_")) continue;
    if (looks_like_plugins((shelf.folder / file).string())) files.push_back(file);
  }
  return files;
}

Project Project::open(const std::string& folder, const Surroundings& host) {
  Project project;
  project.folder = fs::weakly_canonical(folder).string();
  project.settings = read_settings(project.folder);
  Opening opening(project, host);
  opening.run(opening.files());
  return project;
}

Project Project::open(const std::string& folder, const Surroundings& host, const std::vector<std::string>& files) {
  Project project;
  project.folder = fs::weakly_canonical(folder).string();
  Opening(project, host).run(files);
  return project;
}

}  // namespace mortise::dialects::kbert
