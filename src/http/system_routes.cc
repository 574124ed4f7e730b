#include "http/api.h"
#include "http/market_routes.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "data/value_json.h"
#include "http/home_page.h"
#include "http/openapi.h"
#include "plugin/registry.h"

namespace mortise::http {
namespace {

using namespace schema;

// Both guides that have a /health find what they know in it.
// The server itself is well whatever a plugin says; those that are not are named.
Response health(const Api& api) {
  const Time moment = now();
  Value unwell = Value::map();
  for (const auto& [plugin, said] : api.health.all()) {
    if (!said.healthy) unwell.set(plugin, said.message);
  }
  return Response::json(Value::map({{"status", api.draining ? "draining" : "healthy"},
                                    {"time", to_rfc3339(moment)},
                                    {"timestamp", to_rfc3339(moment)},
                                    {"version", api.version},
                                    {"unhealthy_plugins", unwell},
                                    {"uptime", static_cast<double>(moment.nanoseconds - api.started.nanoseconds) / 1e9},
                                    {"pid", static_cast<std::int64_t>(::getpid())}}));
}

Response metrics(const Api& api) {
  Metrics::Scrape scrape;
  scrape.plugins = api.runtime.stats();
  scrape.instances = api.runtime.instances();
  scrape.runs_in_progress = api.runs.settle();
  scrape.health = api.health.all();
  scrape.cache = api.cache.counts();
  return Response::text(api.metrics.text(scrape), "text/plain; version=0.0.4; charset=utf-8");
}

Response level_of(const Api& api) {
  Value levels = Value::map();
  for (const auto& [part, level] : api.log.levels()) levels.set(part, name_of(level));
  return Response::json(Value::map({{"level", name_of(api.log.whole_level())}, {"levels", levels}}));
}

Error no_level(const std::string& got) {
  return Error(Code::invalid, "unknown log level '" + got + "'", "use debug, info, warning or error")
      .with("key", "level")
      .with("expected", "debug, info, warning or error")
      .with("got", got);
}

// Rooms by their name, plugins by any of theirs.
std::string part_named(const Api& api, const std::string& name) {
  for (const char* room : {"http", "jobs", "runtime", "plugins", "app"}) {
    if (name == room) return name;
  }
  return api.registry.get(name)->id;
}

Response set_level(const Api& api, const Request& request) {
  const Value body = request.json();
  const Value* wanted = body.find("level");
  const Value* part = body.find("for");
  const bool takes_away = part != nullptr && wanted != nullptr && wanted->is_null();
  if (wanted == nullptr || !(wanted->is(Kind::string) || takes_away)) {
    throw Error(Code::invalid, "the body needs a text 'level'",
                R"(send {"level": "debug"} or {"level": "debug", "for": "http"})")
        .with("key", "level")
        .with("expected", "a text");
  }
  std::optional<Log::Level> level;
  if (!takes_away && !(level = level_named(wanted->as_string()))) throw no_level(std::string(wanted->as_string()));
  if (part != nullptr) {
    const std::string name = part_named(api, std::string(part->as_string()));
    api.log.set_level(name, level);
    api.log.info("log level changed",
                 {{"of", name}, {"to", level ? name_of(*level) : "the whole's"}, {"by", request.asker}});
    return level_of(api);
  }
  const std::string before(name_of(api.log.whole_level()));
  api.log.set_level(*level);
  api.log.info("log level changed", {{"from", before}, {"to", name_of(*level)}, {"by", request.asker}});
  return level_of(api);
}

const Value level_schema =
    object({{"level", one_of({"debug", "info", "warning", "error"})}, {"levels", object({})}}, {"level"});
const Value level_request =
    object({{"level", one_of({"debug", "info", "warning", "error"})},
            {"for", string("a room or a plugin; absent: the whole. A null level takes the part's own away")}},
           {"level"});

void add_documents(Router& router, const Api& api) {
  router.add({.pattern = "/",
              .id = "home",
              .tag = "system",
              .summary = "A page with links, for people",
              .response = string(),
              .response_type = "text/html; charset=utf-8",
              .scope = Scope::open,
              .work = Work::quick,
              .handler = answering([&api](const Request&) { return home_page(api.version); })});
  router.add({.pattern = "/openapi.json",
              .id = "openapi",
              .tag = "system",
              .summary = "This API as an OpenAPI 3.1 document",
              .response = object({{"openapi", string()}}, {"openapi", "info", "paths"}),
              .scope = Scope::open,
              .handler = answering(
                  [&api, &router](const Request&) { return Response::json(openapi_document(router, api.version)); })});
}

void add_log_level(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/log-level",
              .id = "getLogLevel",
              .tag = "system",
              .summary = "How much the server logs",
              .response = level_schema,
              .work = Work::quick,
              .handler = answering([&api](const Request&) { return level_of(api); })});
  router.add({.method = Method::put,
              .pattern = "/api/v1/log-level",
              .id = "setLogLevel",
              .tag = "system",
              .summary = "Change how much the server logs, until it ends",
              .request = level_request,
              .response = level_schema,
              .work = Work::quick,
              .handler = answering([&api](const Request& request) { return set_level(api, request); })});
}

}  // namespace

void add_system_routes(Router& router, const Api& api) {
  add_documents(router, api);
  router.add({.pattern = "/health",
              .id = "health",
              .tag = "system",
              .summary = "Whether the server is well",
              .response = object({{"status", one_of({"healthy", "draining"})},
                                  {"time", time()},
                                  {"timestamp", time()},
                                  {"version", string()},
                                  {"uptime", number("seconds")},
                                  {"unhealthy_plugins", object({})},
                                  {"pid", integer()}},
                                 {"status", "time", "version", "uptime"}),
              .scope = Scope::open,
              .work = Work::quick,
              .handler = answering([&api](const Request&) { return health(api); })});
  router.add({.pattern = "/health/ready",
              .id = "ready",
              .tag = "system",
              .summary = "Whether the server takes new work: 200, or 503 once it is about to end",
              .response = object({{"ready", boolean()}}, {"ready"}),
              .errors = {Code::busy},
              .scope = Scope::open,
              .work = Work::quick,
              .handler = answering([&api](const Request&) {
                if (!api.draining) return Response::json(Value::map({{"ready", true}}));
                Response response = Response::error(
                    Error(Code::busy, "the server is about to end and takes no new work", "ask another one"));
                response.headers.emplace_back("Retry-After", "5");
                return response;
              })});
  router.add({.pattern = "/metrics",
              .id = "metrics",
              .tag = "system",
              .summary = "Counts and times in Prometheus' text form",
              .response = string(),
              .response_type = "text/plain; version=0.0.4; charset=utf-8",
              .handler = answering([&api](const Request&) { return metrics(api); })});
  add_log_level(router, api);
  router.add({.pattern = "/api/v1/doctor",
              .id = "doctor",
              .tag = "system",
              .summary = "What this machine has and lacks",
              .response = object({{"healthy", boolean()},
                                  {"groups", list(object({{"name", string()}, {"checks", list(object({}))}}))}},
                                 {"healthy", "groups"}),
              .handler = answering([&api](const Request&) { return Response::json(api.examine()); })});
}

void add_routes(Router& router, const Api& api) {
  add_system_routes(router, api);
  add_pipeline_routes(router, api);
  add_run_routes(router, api);
  add_again_routes(router, api);
  add_schedule_routes(router, api);
  add_alert_routes(router, api);
  add_watch_routes(router, api);
  add_plugin_routes(router, api);
  add_supervision_routes(router, api);
  add_permission_routes(router, api);
  add_operation_routes(router, api);
  add_package_routes(router, api);
  add_package_life_routes(router, api);
  add_advisory_routes(router, api);
  add_market_routes(router, api);
  add_market_keeper_routes(router, api);
  add_market_source_routes(router, api);
  add_market_file_routes(router, api);
  add_token_routes(router, api);
  add_file_routes(router, api);
}

}  // namespace mortise::http
