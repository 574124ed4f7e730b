#include <chrono>
#include <map>

#include "base/clock.h"
#include "base/error.h"
#include "http/api.h"
#include "http/openapi.h"
#include "http/permission_page.h"
#include "http/plugin_statistics.h"
#include "plugin/registry.h"
#include "runtime/health_watch.h"
#include "runtime/runtime.h"

namespace mortise::http {
namespace {

using namespace schema;
using plugin::Descriptor;

Value texts(const std::vector<std::string>& all) {
  Value listed = Value::list();
  for (const std::string& text : all) listed.push_back(text);
  return listed;
}

// `Type.name` of the id or of an alias, as one guide calls plugins; else the first extension point and the id.
std::pair<std::string, std::string> type_and_name(const Descriptor& plugin) {
  std::vector<std::string> names = plugin.aliases;
  names.insert(names.begin(), plugin.id);
  for (const std::string& name : names) {
    if (const std::size_t dot = name.find('.'); dot != std::string::npos)
      return {name.substr(0, dot), name.substr(dot + 1)};
  }
  return {plugin.extension_points.empty() ? plugin.category : plugin.extension_points.front(), plugin.id};
}

Value health_value(const std::optional<runtime::Health>& health) {
  if (!health) return Value::map({{"status", "unknown"}, {"message", ""}, {"checked", nullptr}});
  return Value::map({{"status", health->healthy ? "healthy" : "unhealthy"},
                     {"message", health->message},
                     {"checked", to_rfc3339(health->checked)},
                     {"elapsed_ms", std::chrono::duration<double, std::milli>(health->elapsed).count()}});
}

Value health_schema() {
  return object({{"status", one_of({"healthy", "unhealthy", "unknown"}, "unknown: never asked")},
                 {"message", string("what the plugin said, or how its answer failed")},
                 {"checked", nullable(time())}},
                {"status", "message", "checked"});
}

Value summary(const Api& api, const Descriptor& plugin) {
  const auto [type, name] = type_and_name(plugin);
  return Value::map({{"type", type},
                     {"name", name},
                     {"description", plugin.description},
                     {"id", plugin.id},
                     {"version", plugin.version_text},
                     {"language", plugin.language},
                     {"dialect", plugin.dialect},
                     {"category", plugin.category},
                     {"extension_points", texts(plugin.extension_points)},
                     {"aliases", texts(plugin.aliases)},
                     {"permissions", texts(plugin.permissions)},
                     {"trust", plugin.trust == plugin::Trust::in_process ? "in_process" : "worker"},
                     {"health", health_value(api.health.last(plugin.id))},
                     {"enabled", true},
                     {"generation", plugin.generation},
                     {"quarantine", quarantine_value(api.runtime.quarantine(plugin.id))}});
}

Value instances(const Api& api, const std::string& id) {
  Value all = Value::list();
  for (const runtime::InstanceInfo& instance : api.runtime.instances()) {
    if (instance.plugin != id) continue;
    all.push_back(Value::map({{"state", instance.state},
                              {"pid", instance.pid},
                              {"in_process", instance.in_process},
                              {"transport", instance.transport},
                              {"start", instance.start},
                              {"busy", instance.busy},
                              {"age_ms", instance.age.count()},
                              {"calls", instance.calls},
                              {"generation", instance.generation}}));
  }
  return all;
}

Value details(const Api& api, const Descriptor& plugin) {
  Value page = summary(api, plugin);
  page.set("author", plugin.author);
  page.set("author_email", plugin.author_email);
  page.set("license", plugin.license);
  page.set("tags", texts(plugin.tags));
  page.set("folder", plugin.folder);
  page.set("entry_point", plugin.entry);
  page.set("config", plugin.config.manifest_form());
  page.set("config_schema", plugin.config.json_schema());
  page.set("environment", texts(plugin.environment));
  page.set("access", permission_page(api.grants, plugin));
  page.set("lifetime", plugin.lifetime == plugin::Lifetime::per_call ? "per_call" : "resident");
  page.set("concurrency", plugin.concurrency);
  page.set("max_instances", plugin.max_instances);
  page.set("statistics", plugin_statistics(api.runtime, plugin.id));
  page.set("instances", instances(api, plugin.id));
  return page;
}

// Of a plugin that nobody may use: of some only the name is known.
Value withheld_summary(const Api& api, const std::string& id, const plugin::Registry::Withheld& one) {
  plugin::Descriptor named;
  named.id = id;
  Value page = summary(api, one.plugin != nullptr ? *one.plugin : named);
  page.set("enabled", false);
  page.set("why", one.why.what());
  return page;
}

Value listed(const Api& api, bool withheld_too) {
  std::map<std::string, Value> all;  // by id
  for (const auto& plugin : api.registry.list()) all.emplace(plugin->id, summary(api, *plugin));
  if (withheld_too) {
    for (const auto& [id, one] : api.registry.all_withheld()) all.emplace(id, withheld_summary(api, id, one));
  }
  Value list = Value::list();
  for (auto& [id, page] : all) list.push_back(std::move(page));
  return list;
}

// Also of one that nobody may use.
Value page_of(const Api& api, std::string_view name) {
  const auto withheld = api.registry.all_withheld();
  const auto found = withheld.find(name);
  if (api.registry.find(name) != nullptr || found == withheld.end() || found->second.plugin == nullptr) return details(api, *api.registry.get(name));
  Value page = details(api, *found->second.plugin);
  page.set("enabled", false);
  page.set("why", found->second.why.what());
  return page;
}

Value summary_schema() {
  return object({{"type", string("Input, Data_Processing, ..., or the first extension point")},
                 {"name", string()},
                 {"description", string()},
                 {"id", string()},
                 {"version", string()},
                 {"language", string()},
                 {"extension_points", list(string())},
                 {"aliases", list(string(), "other names that find it")},
                 {"permissions", list(string())},
                 {"trust", one_of({"worker", "in_process"}, "where it runs")},
                 {"health", health_schema()},
                 {"enabled", boolean()},
                 {"why", string("of one that is not enabled: why nobody may use it")},
                 {"generation", integer("how often it was replaced while the server ran")},
                 {"quarantine", quarantine_schema()}},
                {"type", "name", "description", "id", "version"});
}

}  // namespace

void add_plugin_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/plugins",
              .id = "listPlugins",
              .tag = "plugins",
              .summary = "The plugins that are there",
              .parameters = {{"all", "also those that nobody may use: disabled ones, and those that are damaged", boolean()}},
              .response = list(summary_schema()),
              .handler = answering([&api](const Request& request) { return Response::json(listed(api, request.bool_parameter("all", false))); })});
  router.add({.pattern = "/api/v1/plugins/{id}",
              .id = "getPlugin",
              .tag = "plugins",
              .summary = "One plugin with all of its options",
              .parameters = {{"id", "its id or another of its names", string()}},
              .response = summary_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) {
                return Response::json(page_of(api, request.variable("id")));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/plugins/{id}/health",
              .id = "checkPlugin",
              .tag = "plugins",
              .summary = "Ask one plugin now whether it is well; it is started for that if need be",
              .parameters = {{"id", "its id or another of its names", string()}},
              .response = health_schema(),
              .errors = {Code::not_found},
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) {
                return Response::json(health_value(api.health.check(request.variable("id"))));
              })});
}

}  // namespace mortise::http
