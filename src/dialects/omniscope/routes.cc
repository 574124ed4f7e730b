#include "dialects/omniscope/routes.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "dialects/omniscope/guide_table.h"
#include "dialects/omniscope/life_routes.h"
#include "dialects/omniscope/pages.h"
#include "dialects/omniscope/projects.h"
#include "http/openapi.h"
#include "plugin/extension_points.h"
#include "plugin/registry.h"

namespace mortise::dialects::omniscope {
namespace {

using namespace http::schema;
using http::Method;
using http::Response;

constexpr std::uint32_t most_executions = 100;

plugin::Registry::Entry plugin_of(const Surroundings& host, const http::Request& request) {
  const std::string id(request.variable("plugin_id"));
  if (auto plugin = known_plugin(host, id)) return plugin;
  throw Error(Code::not_found, "Plugin with ID '" + id + "' not found", "GET /api/plugins/list shows those that are there").with("plugin", id);
}

plugin::Registry::Entry enabled_plugin(const Surroundings& host, const http::Request& request) {
  auto plugin = plugin_of(host, request);
  if (host.registry.find(plugin->id) != nullptr) return plugin;
  throw Error(Code::invalid, "Plugin is not enabled", "POST /api/plugins/" + plugin->id + "/enable").with("plugin", plugin->id);
}

Error wrong_body(const std::string& key, const std::string& what) {
  return Error(Code::invalid, key + ": " + what).with("key", key);
}

Value map_in(const Value& body, const char* key) {
  const Value* found = body.find(key);
  if (found == nullptr || found->is_null()) return Value::map();
  if (found->is(Kind::map)) return *found;
  throw wrong_body(key, std::string("expected an object, got ") + mortise::name_of(found->kind()));
}

std::string point_in(const Value& body, const plugin::Descriptor& plugin) {
  const Value* named = body.find("extension_point");
  const auto& own = plugin.extension_points;
  if (named == nullptr || named->is_null()) return own.empty() ? std::string() : own.front();
  std::string all;
  for (const std::string& point : own) all += (all.empty() ? "" : ", ") + point;
  const std::string point(named->is(Kind::string) ? named->as_string() : std::string_view());
  if (std::find(own.begin(), own.end(), point) != own.end()) return point;
  throw Error(Code::invalid, "Plugin '" + plugin.id + "' does not declare the extension point '" + point + "'",
              "it declares " + all)
      .with("key", "extension_point")
      .with("expected", all)
      .with("got", point);
}

std::optional<std::chrono::milliseconds> timeout_in(const Value& body) {
  const Value* seconds = body.find("timeout");
  if (seconds == nullptr || seconds->is_null()) return std::nullopt;
  const bool number = seconds->is(Kind::int64) || seconds->is(Kind::float64);
  if (!number || !(seconds->as_float64() > 0) || seconds->as_float64() > 86'400)
    throw wrong_body("timeout", "expected seconds, more than 0 and at most 86400");
  return std::chrono::milliseconds(std::max<std::int64_t>(1, std::llround(seconds->as_float64() * 1000)));
}

Request request_in(const http::Request& request, const plugin::Descriptor& plugin) {
  const Value body = request.json();
  if (!body.is(Kind::map)) throw wrong_body("body", "expected an object");
  const Value* data = body.find("input_data");
  if (data == nullptr) throw Error(Code::invalid, "field required", "send input_data").with("lacking", "input_data");
  Request wanted;
  wanted.data = *data;
  wanted.parameters = map_in(body, "parameters");
  wanted.metadata = map_in(body, "metadata");
  wanted.config = plugin.config.apply(map_in(body, "config"), "config");
  wanted.extension_point = point_in(body, plugin);
  wanted.timeout = timeout_in(body);
  return wanted;
}

}  // namespace

void add_routes(http::Router& router, const Surroundings& host, Executions& executions) {
  const std::vector<http::Parameter> id{{"plugin_id", "the plugin's id or another of its names", string()}};
  auto listing = std::vector<http::Parameter>{{"language", "python or r", string()},
                                              {"enabled_only", "only enabled ones", boolean()}};
  auto paged = id;
  paged.push_back({"limit", "how many at most, up to 100", integer()});
  const auto execution = object({{"input_data", anything("any JSON value")},
                                 {"parameters", object({})},
                                 {"extension_point", string("absent: the first that the plugin declares")},
                                 {"timeout", number("seconds; absent: 300")},
                                 {"config", object({}, {})}},
                                {"input_data"});
  GuideTable(router)
      .add({.pattern = "/api/plugins/list",
            .id = "listAnalysisPlugins",
            .summary = "The analysis plugins that are there",
            .parameters = listing,
            .response = list(object({{"id", string()}})),
            .handler = http::answering(
                [&](const http::Request& request) { return Response::json(plugin_list(host, executions, request)); })})
      .add({.pattern = "/api/plugins/extension-points",
            .id = "listExtensionPoints",
            .summary = "The points where plugins hook in",
            .response = object({{"extension_points", list(object({{"name", string()}}))}}, {"extension_points"}),
            .handler = http::answering([](const http::Request&) { return Response::json(point_list()); })})
      .add({.pattern = "/api/plugins/{plugin_id}",
            .id = "getAnalysisPlugin",
            .summary = "One analysis plugin",
            .parameters = id,
            .response = object({{"id", string()}}),
            .errors = {Code::not_found},
            .handler = http::answering([&](const http::Request& request) {
              return Response::json(plugin_details(host, *plugin_of(host, request), executions));
            })})
      .add({.method = Method::post,
            .pattern = "/api/plugins/{plugin_id}/execute",
            .id = "executePlugin",
            .summary = "Run an analysis plugin once",
            .parameters = id,
            .request = execution,
            .response = object({{"status", one_of({"success", "failure", "error"})},
                                {"output", anything()},
                                {"execution_time", number("ms")}},
                               {"status", "output"}),
            .errors = {Code::not_found},
            .work = http::Work::waiting,
            .handler = http::answering([&](const http::Request& request) {
              const auto plugin = enabled_plugin(host, request);
              return Response::json(executions.run(*plugin, request_in(request, *plugin)));
            })})
      .add({.pattern = "/api/plugins/{plugin_id}/executions",
            .id = "listExecutions",
            .summary = "What became of a plugin's executions, newest first",
            .parameters = paged,
            .response = list(object({{"id", string()}})),
            .errors = {Code::not_found},
            .handler = http::answering([&](const http::Request& request) {
              const auto limit = request.int_parameter("limit", most_executions, 1, most_executions);
              return Response::json(executions.history(*plugin_of(host, request), static_cast<std::uint32_t>(limit)));
            })})
      .add({.method = Method::post,
            .pattern = "/api/plugins/sdk/create",
            .id = "createPluginProject",
            .summary = "Make a new plugin project in the server's folder",
            .request = object({{"name", string()},
                               {"language", one_of({"python", "r"})},
                               {"author", string()},
                               {"description", string()},
                               {"category", string()},
                               {"tags", list(string())},
                               {"extension_points", list(string())}},
                              {"name"}),
            .response = object({{"message", string()}, {"plugin_path", string()}}, {"plugin_path"}),
            .errors = {Code::conflict},
            .handler = http::answering(
                [&](const http::Request& request) { return Response::json(create_project(host, request)); })});
  add_life_routes(router, host);
}

}  // namespace mortise::dialects::omniscope
