#include "dialects/mimolo/project.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "dialects/core/inspector.h"
#include "dialects/core/needs.h"
#include "dialects/core/told.h"
#include "os/paths.h"

namespace mortise::dialects::mimolo {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds longest_poll{15};

// The constructor's arguments and the words of [plugins.LABEL] that override the class.
plugin::ConfigSchema schema_of(const std::vector<Found::Parameter>& parameters) {
  Value arguments = Value::map();
  for (const Found::Parameter& parameter : parameters)
    arguments.set(parameter.name, Value::map({{"type", "any"}, {"required", parameter.required}}));
  arguments.set("additional", true);
  const Value map = Value::map({{"type", "map"}});
  Value declared = Value::map({{"arguments", map}, {"spec", map}, {"watch", Value::map({{"type", "string"}})}});
  declared["arguments"].set("description", "what its constructor takes by name, as in [plugins.LABEL]");
  declared["spec"].set("description", "poll_interval_s, resets_cooldown, infrequent, where they differ from the class");
  return plugin::ConfigSchema::parse(declared);
}

Found found_of(const Value& told, const plugin::Descriptor& reader) {
  Found found{reader,
              {},
              told.at("poll_interval_s").as_float64(),
              {},
              fs::path(reader.entry).stem().string(),
              told.at("hears_segments").as_bool()};
  plugin::Descriptor& plugin = found.descriptor;
  plugin.id = text_in(told, "label");
  plugin.adapter.object = text_in(told, "class");
  if (const std::string version = text_in(told, "version", "0.0.0"); !set_version(plugin, version))
    throw Error(Code::invalid, "version '" + version + "' is not of the form 1.2.3");
  plugin.author = text_in(told, "author");
  plugin.description = text_in(told, "description");
  plugin.category = "monitor";
  plugin.extension_points = {"monitor"};
  for (const Value& each : told.at("parameters").items())
    found.parameters.push_back({text_in(each, "name"), each.at("required").as_bool()});
  for (std::string& label : texts_in(told, "depends_on"))
    plugin.requires_.push_back({plugin::Requirement::Type::plugin, std::move(label), {}});
  plugin.config = schema_of(found.parameters);
  plugin.keeps_state = true;
  plugin.max_instances = 1;
  plugin.deadline = longest_poll;
  plugin.on_failure = plugin::FailurePolicy::report;  // the watch lets it rest
  found.rules = {told.at("resets_cooldown").as_bool(), told.at("infrequent").as_bool(), text_in(told, "data_header")};
  return found;
}

Error already_registered(const std::string& label) {
  return Error(Code::conflict, "Plugin label '" + label + "' is already registered", "rename one of the two")
      .with("plugin", label)
      .with("phase", "registration");
}

void read_file(const std::string& file, const plugin::Shelf& shelf, const Surroundings& host, Findings& findings) {
  const plugin::Descriptor reader = python_reader("mimolo", shelf.folder.string(), file, host);
  describe(reader, host, findings.problems, [&](const Value& told) { findings.monitors.push_back(found_of(told, reader)); });
}

plugin::Shelf shelf_of(const fs::path& folder) {
  plugin::Shelf shelf{fs::weakly_canonical(folder), {}};
  if (!fs::is_directory(folder)) return shelf;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && !entry.is_symlink()) shelf.files.push_back(entry.path().filename().string());
  }
  std::sort(shelf.files.begin(), shelf.files.end());
  return shelf;
}

// All that a folder offers, and what installed packages do, one for each label. Two of the project's own with one label are an error of its author.
std::vector<Found> offered(const std::string& folder, const std::vector<Found>& known, const Surroundings& host,
                           std::vector<plugin::Problem>& problems) {
  Findings own = monitors_in(shelf_of(fs::path(folder) / "mimolo/plugins"), host);
  std::vector<Found> all;
  std::set<std::string> labels;
  for (Found& found : own.monitors) {
    if (!labels.insert(found.descriptor.id).second) throw already_registered(found.descriptor.id);
    all.push_back(std::move(found));
  }
  problems = std::move(own.problems);
  std::vector<Found> more = known;
  Findings packages;
  read_file({}, {fs::weakly_canonical(folder), {}}, host, packages);
  for (Found& found : packages.monitors) more.push_back(std::move(found));
  for (plugin::Problem& problem : packages.problems) problems.push_back(std::move(problem));
  for (Found& found : monitors_in(shelf_of(built_in_folder(host)), host).monitors) more.push_back(std::move(found));
  for (Found& found : more) {
    if (labels.insert(found.descriptor.id).second) all.push_back(std::move(found));
  }
  return all;
}

void require_arguments(const Found& found, const PluginSection& section) {
  for (const Found::Parameter& parameter : found.parameters) {
    if (!parameter.required || section.arguments.has(parameter.name)) continue;
    const std::string& label = found.descriptor.id;
    throw Error(Code::invalid,
                "plugins." + label + ": " + found.descriptor.adapter.object + " needs '" + parameter.name + "'",
                "set " + parameter.name + " in [plugins." + label + "]")
        .with("key", "plugins." + label + "." + parameter.name)
        .with("phase", "registration");
  }
}

// What holds for this monitor: the class's word, or the section's where it has one.
Found effective(Found found, const PluginSection& section) {
  found.rules.resets_cooldown = section.resets_cooldown.value_or(found.rules.resets_cooldown);
  found.rules.infrequent = section.infrequent.value_or(found.rules.infrequent);
  found.poll_interval_s = section.poll_interval_s.value_or(found.poll_interval_s);
  return found;
}

// By label, else by the name of its file.
std::vector<Found>::iterator named(std::vector<Found>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Found& each) { return each.descriptor.id == name; });
  return found != all.end()
             ? found
             : std::find_if(all.begin(), all.end(), [&](const Found& each) { return each.stem == name; });
}

bool is_registered(const Project& project, const std::string& label) {
  return std::any_of(project.registered.begin(), project.registered.end(),
                     [&](const Project::Registered& each) { return each.found.descriptor.id == label; });
}

// Leaves out whoever needs one that is not registered, until nobody does, and puts those that others need before them.
void settle_needs(Project& project) {
  for (std::size_t i = 0; i < project.registered.size();) {
    const plugin::Descriptor& plugin = project.registered[i].found.descriptor;
    const auto lacks = std::find_if(plugin.requires_.begin(), plugin.requires_.end(),
                                    [&](const plugin::Requirement& need) { return !is_registered(project, need.name); });
    if (lacks == plugin.requires_.end()) {
      ++i;
      continue;
    }
    project.left_out.push_back({plugin.id, "it needs '" + lacks->name + "', which is not registered"});
    project.registered.erase(project.registered.begin() + static_cast<std::ptrdiff_t>(i));
    i = 0;
  }
  Descriptors all;
  for (const Project::Registered& each : project.registered) all.push_back(&each.found.descriptor);
  std::vector<Project::Registered> sorted;
  for (const std::size_t each : providers_first(all)) sorted.push_back(project.registered[each]);
  project.registered = std::move(sorted);
}

std::vector<std::string_view> labels_of(const std::vector<Found>& all) {
  std::vector<std::string_view> labels;
  for (const Found& each : all) labels.push_back(each.descriptor.id);
  return labels;
}

}  // namespace

std::string built_in_folder(const Surroundings& host) { return os::join(host.shims, "mimolo/mimolo/plugins"); }

Findings monitors_in(const plugin::Shelf& shelf, const Surroundings& host) {
  Findings findings;
  for (const std::string& file : shelf.files) {
    if (!file.ends_with(".py") || file.starts_with("_")) continue;
    const std::string text = beginning_of((shelf.folder / file).string());
    if (!may_derive_from(text, "BaseMonitor") || text.find("mimolo") == std::string::npos) continue;
    findings.files.push_back(file);
    read_file(file, shelf, host, findings);
  }
  return findings;
}

Project Project::open(const std::string& folder, const Settings& settings, const std::vector<Found>& known,
                      const Surroundings& host) {
  Project project;
  std::vector<Found> all = offered(folder, known, host, project.problems);
  for (const auto& [name, section] : settings.plugins) {
    const auto found = named(all, name);
    if (found == all.end()) {
      project.warnings.push_back(no_such_plugin("[plugins." + name + "]", name, labels_of(all)));
      continue;
    }
    if (section.enabled) {
      require_arguments(*found, section);
      project.registered.push_back({effective(*found, section), section});
    } else {
      project.left_out.push_back({found->descriptor.id, "enabled = false in [plugins." + name + "]"});
    }
    all.erase(found);
  }
  for (Found& found : all) {
    const std::string label = found.descriptor.id;
    if (settings.file.empty()) {
      project.registered.push_back({std::move(found), {}});
    } else {
      project.left_out.push_back({label, "there is no section [plugins." + label + "]"});
    }
  }
  settle_needs(project);
  return project;
}

jobs::WatchSpec Project::watch(const Settings& settings, const std::string& watch) const {
  const auto milliseconds = [](double seconds) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  };
  jobs::WatchSpec spec;
  spec.name = "mimolo";
  spec.cooldown = std::max(milliseconds(settings.cooldown_seconds), std::chrono::milliseconds(1));
  for (const Registered& each : registered) {
    const Value overrides = Value::map({{"poll_interval_s", each.found.poll_interval_s},
                                        {"resets_cooldown", each.found.rules.resets_cooldown},
                                        {"infrequent", each.found.rules.infrequent}});
    spec.monitors.push_back(
        {each.found.descriptor.id, each.found.descriptor.id,
         Value::map({{"arguments", each.section.arguments}, {"spec", overrides}, {"watch", watch}}), each.found.rules,
         std::max(milliseconds(each.found.poll_interval_s), std::chrono::milliseconds(1)), each.found.hears_segments});
  }
  return spec;
}

Value Project::shown() const {
  Value plugins = Value::list(), others = Value::list();
  for (const auto& [found, section] : registered) {
    const std::string& header = found.rules.data_header;
    plugins.push_back(Value::map({{"label", found.descriptor.id},
                                  {"data_header", header.empty() ? Value() : Value(header)},
                                  {"resets_cooldown", found.rules.resets_cooldown},
                                  {"infrequent", found.rules.infrequent},
                                  {"poll_interval_s", found.poll_interval_s},
                                  {"class", found.descriptor.adapter.object},
                                  {"description", found.descriptor.description},
                                  {"file", os::join(found.descriptor.folder, found.descriptor.entry)}}));
  }
  for (const LeftOut& each : left_out) others.push_back(Value::map({{"label", each.label}, {"reason", each.reason}}));
  return Value::map({{"plugins", plugins}, {"not_registered", others}, {"problems", dialects::shown(problems)}, {"warnings", list_of(warnings)}});
}

}  // namespace mortise::dialects::mimolo
