#include "dialects/omniscope/pages.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "http/api.h"
#include "package/installer.h"
#include "plugin/extension_points.h"
#include "plugin/registry.h"

namespace mortise::dialects::omniscope {
namespace {

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& text : all) list.push_back(text);
  return list;
}

// The points of the guide are those that work on data.
bool is_guides(const plugin::ExtensionPoint& point) { return point.group == plugin::Group::data; }

bool hooks_in(const plugin::Descriptor& plugin) {
  return plugin.dialect == "omniscope" ||
         std::any_of(plugin.extension_points.begin(), plugin.extension_points.end(), [](const std::string& name) {
           const plugin::ExtensionPoint* point = plugin::find_extension_point(name);
           return point != nullptr && is_guides(*point);
         });
}

// When its manifest was put there.
Value installed_at(const plugin::Descriptor& plugin) {
  std::error_code failure;
  const auto time = std::filesystem::last_write_time(plugin.folder + "/manifest.json", failure);
  if (failure) return Value();
  const auto instant = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return Value(to_rfc3339(Time{std::chrono::duration_cast<std::chrono::nanoseconds>(instant).count()}));
}

// Whether a key that is trusted here signed the version in use.
bool verified(const std::optional<package::Listed>& installed) {
  if (!installed) return false;
  return std::any_of(installed->versions.begin(), installed->versions.end(), [&](const store::PackageRow& package) {
    return package.version == installed->row.version && !package.signer.empty();
  });
}

Value summary(const Surroundings& host, const plugin::Descriptor& plugin, const Executions& executions) {
  const Executions::Usage usage = executions.usage(plugin);
  const auto installed = host.api.installer.find(plugin.id);
  return Value::map({{"id", plugin.id},
                     {"name", plugin.id},
                     {"version", plugin.version_text},
                     {"author", plugin.author},
                     {"description", plugin.description},
                     {"language", plugin.language},
                     {"category", plugin.category},
                     {"extension_points", texts(plugin.extension_points)},
                     {"enabled", host.registry.find(plugin.id) != nullptr},
                     {"verified", verified(installed)},
                     {"usage_count", usage.count},
                     {"last_used", usage.last ? Value(to_rfc3339(*usage.last)) : Value()},
                     {"installed_at", installed ? Value(to_rfc3339(installed->row.installed)) : installed_at(plugin)}});
}

}  // namespace

plugin::Registry::Entry known_plugin(const Surroundings& host, const std::string& id) {
  if (auto plugin = host.registry.find(id)) return plugin;
  const auto installed = host.api.installer.find(id);  // by its UUID, too
  const std::string name = installed ? installed->row.name : id;
  if (auto plugin = host.registry.find(name)) return plugin;
  for (const auto& withheld : host.registry.withheld()) {
    const auto& aliases = withheld->aliases;
    if (withheld->id == name || std::find(aliases.begin(), aliases.end(), name) != aliases.end()) return withheld;
  }
  return nullptr;
}

Value plugin_list(const Surroundings& host, const Executions& executions, const http::Request& request) {
  Value all = Value::list();
  const auto language = request.parameter("language");
  std::vector<plugin::Registry::Entry> plugins = host.registry.list();
  if (!request.bool_parameter("enabled_only", false)) {
    for (auto& withheld : host.registry.withheld()) plugins.push_back(std::move(withheld));
  }
  std::sort(plugins.begin(), plugins.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  for (const auto& plugin : plugins) {
    if (!hooks_in(*plugin) || (language && *language != plugin->language)) continue;
    all.push_back(summary(host, *plugin, executions));
  }
  return all;
}

Value plugin_details(const Surroundings& host, const plugin::Descriptor& plugin, const Executions& executions) {
  Value page = summary(host, plugin, executions);
  Value dependencies = Value::list();
  for (const plugin::Requirement& each : plugin.requires_)
    dependencies.push_back(Value::map({{"name", each.name}, {"version", each.range}, {"type", package::name_of(each.type)}}));
  page.set("author_email", plugin.author_email);
  page.set("tags", texts(plugin.tags));
  page.set("entry_point", plugin.entry);
  page.set("dependencies", dependencies);
  page.set("permissions", texts(plugin.permissions));
  Value config = Value::map();
  const Value form = plugin.config.manifest_form();
  for (const Member& member : form.members()) {
    if (member.key() != "additional") config.set(member.key(), member.value());
  }
  page.set("config", config);
  return page;
}

Value point_list() {
  Value all = Value::list();
  for (const plugin::ExtensionPoint& point : plugin::extension_points()) {
    if (is_guides(point)) all.push_back(Value::map({{"name", point.name}, {"description", point.summary}}));
  }
  return Value::map({{"extension_points", all}});
}

}  // namespace mortise::dialects::omniscope
