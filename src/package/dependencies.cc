#include "package/dependencies.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "plugin/allowed.h"
#include "plugin/registry.h"

namespace mortise::package {
namespace {

using plugin::Requirement;

Dependency look_at_plugin(const Requirement& need, const plugin::Registry& registry) {
  if (const auto there = registry.find(need.name)) {
    const bool fits = Range::parse(need.range).contains(there->version);
    return {need, fits, there->version_text, fits ? there->version_text + " is there" : "needs " + need.range + ", " + there->version_text + " is there"};
  }
  for (const auto& withheld : registry.withheld()) {
    if (withheld->id == need.name) return {need, false, withheld->version_text, "is installed, but not enabled"};
  }
  return {need, false, "", "Required plugin not installed or enabled"};
}

Dependency look_at_capability(const Requirement& need, const plugin::Registry& registry) {
  for (const auto& each : registry.list()) {
    if (std::find(each->provides.begin(), each->provides.end(), need.name) != each->provides.end())
      return {need, true, each->version_text, "provided by " + each->id};
  }
  return {need, false, "", "no plugin provides it"};
}

// A program of that name where the system has its programs.
Dependency look_at_system(const Requirement& need) {
  if (need.name.find('/') == std::string::npos) {
    for (const char* folder : {"/usr/local/bin/", "/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"}) {
      if (::access((folder + need.name).c_str(), X_OK) == 0) return {need, true, "", folder + need.name};
    }
  }
  return {need, false, "", "there is no program of this name on the server's machine"};
}

Dependency look_at_package(const Requirement& need, const std::map<std::string, std::string>& lacking) {
  const auto missing = lacking.find(need.name);
  if (missing == lacking.end()) return {need, true, "", "Will be installed in sandbox environment"};
  return {need, false, "", missing->second};
}

Dependency look_at(const Requirement& need, const plugin::Registry& registry, const std::map<std::string, std::string>& lacking) {
  switch (need.type) {
    case Requirement::Type::plugin: return look_at_plugin(need, registry);
    case Requirement::Type::capability: return look_at_capability(need, registry);
    case Requirement::Type::system: return look_at_system(need);
    case Requirement::Type::package: break;
  }
  return look_at_package(need, lacking);
}

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

// What is in `these` and not in `those`; both sorted.
std::vector<std::string> without(const std::vector<std::string>& these, const std::vector<std::string>& those) {
  std::vector<std::string> left;
  std::set_difference(these.begin(), these.end(), those.begin(), those.end(), std::back_inserter(left));
  return left;
}

std::vector<std::string> permissions_of(const plugin::Descriptor& plugin) {
  std::vector<std::string> all;
  for (const plugin::Permission& permission : plugin::declared(plugin)) all.push_back(permission.text());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> needs_text(const plugin::Descriptor& plugin) {
  std::vector<std::string> all;
  for (const Requirement& need : plugin.requires_) all.push_back(need.name + (need.range.empty() ? "" : " " + need.range));
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

std::string_view name_of(Requirement::Type type) noexcept {
  switch (type) {
    case Requirement::Type::plugin: return "plugin";
    case Requirement::Type::package: return "package";
    case Requirement::Type::system: return "system";
    case Requirement::Type::capability: return "capability";
  }
  return "plugin";
}

std::size_t Dependencies::unresolved() const {
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](const Dependency& one) { return !one.resolved; }));
}

std::string Dependencies::unresolved_names() const {
  std::string names;
  for (const Dependency& one : all) {
    if (!one.resolved) names += (names.empty() ? "" : ", ") + one.requirement.name + " (" + one.message + ")";
  }
  return names;
}

Value Dependencies::to_value(const std::string& plugin) const {
  Value details = Value::list();
  for (const Dependency& one : all) {
    details.push_back(Value::map({{"name", one.requirement.name},
                                  {"version", one.requirement.range},
                                  {"type", name_of(one.requirement.type)},
                                  {"resolved", one.resolved},
                                  {"installed_version", one.found.empty() ? Value() : Value(one.found)},
                                  {"message", one.message}}));
  }
  const auto lacking = static_cast<std::int64_t>(unresolved());
  return Value::map({{"plugin_id", plugin},
                     {"plugin_name", plugin},
                     {"total_dependencies", static_cast<std::int64_t>(all.size())},
                     {"resolved", static_cast<std::int64_t>(all.size()) - lacking},
                     {"unresolved", lacking},
                     {"details", details}});
}

Dependencies look_at_dependencies(const plugin::Descriptor& plugin, const plugin::Registry& registry,
                                  const std::map<std::string, std::string>& lacking) {
  Dependencies found;
  for (const Requirement& need : plugin.requires_) found.all.push_back(look_at(need, registry, lacking));
  return found;
}

Value Change::to_value() const {
  return Value::map({{"permissions", Value::map({{"added", texts(permissions_added)}, {"removed", texts(permissions_removed)}})},
                     {"dependencies", Value::map({{"added", texts(dependencies_added)}, {"removed", texts(dependencies_removed)}})},
                     {"breaking", breaking}});
}

Change change_between(const plugin::Descriptor& before, const plugin::Descriptor& after) {
  const auto had = permissions_of(before), has = permissions_of(after);
  const auto needed = needs_text(before), needs = needs_text(after);
  const bool breaking = before.version.major != after.version.major || (after.version.major == 0 && before.version.minor != after.version.minor);
  return {without(has, had), without(had, has), without(needs, needed), without(needed, needs), breaking};
}

}  // namespace mortise::package
