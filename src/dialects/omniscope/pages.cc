#include "dialects/omniscope/pages.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
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

Value summary(const plugin::Descriptor& plugin, const Executions& executions) {
  const Executions::Usage usage = executions.usage(plugin);
  return Value::map({{"id", plugin.id},
                     {"name", plugin.id},
                     {"version", plugin.version_text},
                     {"author", plugin.author},
                     {"description", plugin.description},
                     {"language", plugin.language},
                     {"category", plugin.category},
                     {"extension_points", texts(plugin.extension_points)},
                     {"enabled", true},
                     {"verified", false},
                     {"usage_count", usage.count},
                     {"last_used", usage.last ? Value(to_rfc3339(*usage.last)) : Value()},
                     {"installed_at", installed_at(plugin)}});
}

const char* type_name(plugin::Requirement::Type type) {
  switch (type) {
    case plugin::Requirement::Type::plugin: return "plugin";
    case plugin::Requirement::Type::package: return "package";
    case plugin::Requirement::Type::system: return "system";
    case plugin::Requirement::Type::capability: return "capability";
  }
  return "plugin";
}

}  // namespace

Value plugin_list(const Surroundings& host, const Executions& executions, const http::Request& request) {
  Value all = Value::list();
  const auto language = request.parameter("language");
  for (const auto& plugin : host.registry.list()) {
    if (!hooks_in(*plugin) || (language && *language != plugin->language)) continue;
    all.push_back(summary(*plugin, executions));
  }
  return all;
}

Value plugin_details(const plugin::Descriptor& plugin, const Executions& executions) {
  Value page = summary(plugin, executions);
  Value dependencies = Value::list();
  for (const plugin::Requirement& each : plugin.requires_)
    dependencies.push_back(Value::map({{"name", each.name}, {"version", each.range}, {"type", type_name(each.type)}}));
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
