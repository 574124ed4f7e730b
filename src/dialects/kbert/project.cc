#include "dialects/kbert/project.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "base/suggest.h"
#include "dialects/core/inspector.h"
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

std::string text_of(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found != nullptr && found->is(Kind::string) ? std::string(found->as_string()) : std::string();
}

std::vector<std::string> texts_of(const Value& map, std::string_view key) {
  std::vector<std::string> all;
  if (const Value* found = map.find(key); found != nullptr && found->is(Kind::list)) {
    for (const Value& each : found->items()) all.emplace_back(each.as_string());
  }
  return all;
}

bool looks_like_plugins(const std::string& path) {
  const std::string text = beginning_of(path);
  if (may_derive_from(text, "PluginBase") || may_derive_from(text, "infrastructure.plugins")) return true;
  const auto has = [&](const char* word) { return text.find(word) != std::string::npos; };
  return has("class ") && has("metadata") && has("def validate") && has("def initialize") && has("def cleanup");
}

plugin::Descriptor reader_of(const std::string& folder, const std::string& entry, const Surroundings& host) {
  plugin::Descriptor reader;
  reader.id = "kbert-" + (entry.empty() ? std::string("packages") : fs::path(entry).stem().string());
  reader.version_text = "0.0.0";
  reader.dialect = "kbert";
  reader.language = "python";
  reader.folder = folder;
  reader.entry = entry;
  reader.adapter = {"mortise_kbert", "", {os::join(host.shims, "kbert")}};
  return reader;
}

// 1.2 is 1.2.0 here.
void set_version(plugin::Descriptor& plugin, const std::string& version, std::vector<std::string>& warnings) {
  for (const std::string& text : {version, version + ".0"}) {
    try {
      plugin.version = Version::parse(text);
      plugin.version_text = text;
      return;
    } catch (const Error&) {
    }
  }
  warnings.push_back("Version '" + version + "' is not of the form 1.2 or 1.2.3");
  plugin.version_text = "0.0.0";
  plugin.version = Version::parse(plugin.version_text);
}

void set_requirements(plugin::Descriptor& plugin, const Value& told) {
  using Type = plugin::Requirement::Type;
  for (std::string& name : texts_of(told, "depends_on"))
    plugin.requires_.push_back({Type::plugin, std::move(name), {}});
  for (std::string& name : texts_of(told, "consumes"))
    plugin.requires_.push_back({Type::capability, std::move(name), {}});
  for (std::string& name : texts_of(told, "requirements"))
    plugin.requires_.push_back({Type::package, std::move(name), {}});
  plugin.provides = texts_of(told, "provides");
  plugin.conflicts = texts_of(told, "conflicts_with");
}

Found found_of(const Value& told, const plugin::Descriptor& reader) {
  Found found{reader, text_of(told, "doc"), texts_of(told, "warnings")};
  plugin::Descriptor& plugin = found.descriptor;
  plugin.id = text_of(told, "name");
  plugin::check_plugin_name(plugin.id);
  set_version(plugin, text_of(told, "version"), found.warnings);
  plugin.description = text_of(told, "description");
  plugin.author = text_of(told, "author");
  plugin.author_email = text_of(told, "email");
  plugin.category = text_of(told, "category");
  plugin.tags = texts_of(told, "tags");
  plugin.adapter.object = text_of(told, "object");
  for (const std::string& point : {plugin.category, text_of(told, "protocol")}) {
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
    for (const std::string& file : files) describe(file);
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

  void describe(const std::string& entry) {
    const plugin::Descriptor reader = reader_of(project_.folder, entry, host_);
    const fs::path place = fs::path(project_.folder) / entry;
    try {
      const Value all = host_.inspector.describe(reader);
      for (const Value& told : all.items()) take(told, reader, place);
    } catch (const Error& error) {
      project_.problems.push_back({place, error});
    }
  }

  void take(const Value& told, const plugin::Descriptor& reader, const fs::path& place) {
    try {
      if (const std::string error = text_of(told, "error"); !error.empty()) throw Error(Code::plugin, error);
      Found found = found_of(told, reader);
      const std::string& name = found.descriptor.id;
      if (const std::string reason = project_.settings.reason_against(name, found.descriptor.category);
          !reason.empty()) {
        project_.left_out.push_back({name, reason});
        names_.insert(name);
        return;
      }
      if (!names_.insert(name).second) {
        throw Error(Code::conflict, "Plugin '" + name + "' is already registered", "give one of the two another NAME");
      }
      project_.plugins.push_back(std::move(found));
    } catch (const Error& error) {
      project_.problems.push_back({place, error});
    }
  }

  // The plugins of this project that `plugin` needs, providers first, each once.
  void needs_of(const Found& plugin, std::vector<const Found*>& ordered, std::set<const Found*>& seen) const {
    using Type = plugin::Requirement::Type;
    for (const plugin::Requirement& need : plugin.descriptor.requires_) {
      for (const Found& other : project_.plugins) {
        const auto& provides = other.descriptor.provides;
        const bool provided =
            need.type == Type::capability && std::find(provides.begin(), provides.end(), need.name) != provides.end();
        const bool named = need.type == Type::plugin && other.descriptor.id == need.name;
        if ((!provided && !named) || &other == &plugin || !seen.insert(&other).second) continue;
        needs_of(other, ordered, seen);
        ordered.push_back(&other);
      }
    }
  }

  void order() {
    std::vector<const Found*> ordered;
    std::set<const Found*> seen;
    for (const Found& each : project_.plugins) {
      if (seen.contains(&each)) continue;
      needs_of(each, ordered, seen);
      if (seen.insert(&each).second) ordered.push_back(&each);
    }
    std::vector<Found> sorted;
    for (const Found* each : ordered) sorted.push_back(*each);
    project_.plugins = std::move(sorted);
  }

  void warn_of_unknown_configs() {
    const std::vector<std::string_view> known(names_.begin(), names_.end());
    for (const Member& config : project_.settings.configs.members()) {
      const std::string name(config.key());
      if (names_.contains(name)) continue;
      const auto near = nearest(name, known);
      project_.warnings.push_back("plugins.configs." + name + ": there is no such plugin" +
                                  (near ? "; did you mean " + *near + "?" : ""));
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
    for (const Found& each : project_.plugins) {
      std::vector<const Found*> needed;
      std::set<const Found*> seen{&each};
      needs_of(each, needed, seen);
      Value needs = Value::list();
      for (const Found* other : needed) {
        needs.push_back(Value::map({{"entry", other->descriptor.entry},
                                    {"object", other->descriptor.adapter.object},
                                    {"config", config_of(other->descriptor.id)}}));
      }
      settings.push_back(Value::map({{"config", config_of(each.descriptor.id)},
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
