#include "base/error.h"
#include "http/api.h"
#include "http/openapi.h"
#include "http/plugin_statistics.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"

namespace mortise::http {

using namespace schema;

void add_supervision_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/plugins/{id}/stats",
              .id = "getPluginStatistics",
              .tag = "plugins",
              .summary = "What one plugin used and how its calls ended, since the server started",
              .parameters = {{"id", "its id or another of its names", string()}},
              .response = statistics_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) {
                return Response::json(plugin_statistics(api.runtime, api.registry.get(request.variable("id"))->id));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/plugins/{id}/reload",
              .id = "reloadPlugin",
              .tag = "plugins",
              .summary = "Load one plugin anew if its files changed, without a dropped call",
              .parameters = {{"id", "its id or another of its names", string()}},
              .response = object({{"plugin", string()},
                                  {"changed", boolean()},
                                  {"from", string("the version before")},
                                  {"to", string("the version now")},
                                  {"generation", integer()}},
                                 {"plugin", "changed", "from", "to", "generation"}),
              .errors = {Code::not_found, Code::plugin, Code::invalid, Code::conflict, Code::busy},
              .scope = Scope::operate,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) {
                const Value done = api.reload_plugin(std::string(request.variable("id")));
                api.log.info("plugin reloaded", {{"plugin", done.at("plugin")}, {"changed", done.at("changed")}, {"by", request.asker}});
                return Response::json(done);
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/plugins/{id}/release",
              .id = "releasePlugin",
              .tag = "plugins",
              .summary = "End the quarantine of one plugin: it may be called at once",
              .parameters = {{"id", "its id or another of its names", string()}},
              .response = object({{"plugin", string()}, {"released", boolean("false: it was not in quarantine")}},
                                 {"plugin", "released"}),
              .errors = {Code::not_found},
              .scope = Scope::operate,
              .handler = answering([&api](const Request& request) {
                const auto plugin = api.registry.get(request.variable("id"));
                return Response::json(Value::map({{"plugin", plugin->id}, {"released", api.runtime.release(plugin->id)}}));
              })});
}

}  // namespace mortise::http
