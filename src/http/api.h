// The routes of the product: what each can be asked and what it answers. docs/http-api.md tells the same in prose; the
// table itself is GET /openapi.json.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/log.h"
#include "http/metrics.h"
#include "http/pipeline_catalog.h"
#include "http/router.h"
#include "http/run_tracker.h"
#include "jobs/pipelines/pipelines.h"

namespace mortise::jobs {
class Alerts;
class DeadLetters;
class EventLog;
class Monitors;
class Scheduler;
class EventHub;
class RunLog;
}  // namespace mortise::jobs
namespace mortise::market {
class Marketplace;
class Sources;
}
namespace mortise::package {
class Installer;
class Readers;
}  // namespace mortise::package
namespace mortise::plugin {
class Grants;
class Registry;
class SharedCache;
}  // namespace mortise::plugin
namespace mortise::runtime {
class HealthWatch;
class Runtime;
}  // namespace mortise::runtime

namespace mortise::store {
class Database;
}

namespace mortise::http {

class FileShelf;
class Tokens;

// What the routes work with. Everything must outlive the server.
struct Api {
  const Log& log;
  const plugin::Registry& registry;
  runtime::Runtime& runtime;
  const jobs::RunLog& run_log;
  jobs::EventHub& events;
  jobs::Pipelines& pipelines;
  PipelineCatalog& catalog;
  Metrics& metrics;
  RunTracker& runs;
  std::string version;
  Time started;
  std::string folder;                    // where relative paths of requests start
  jobs::EnvironmentLookup environment;   // for pipelines of the operator and of the configured folders
  std::function<Value()> examine;        // what `mortise doctor` finds
  std::function<Value()> configuration;  // {"file", "values": [{"key", "value", "source", "place"}]}
  std::function<Value()> reload;         // {"changed", "restart"}; throws Error when the configuration is wrong
  std::function<Value(const std::string&)> backup;  // to a file of that absolute path
  Tokens& tokens;
  FileShelf& files;
  const std::atomic<bool>& draining;  // no new work is taken
  jobs::Scheduler& scheduler;
  jobs::EventLog& event_log;
  jobs::Alerts& alerts;
  const jobs::DeadLetters& dead_letters;
  runtime::HealthWatch& health;
  const plugin::SharedCache& cache;
  jobs::Monitors& monitors;
  package::Readers& readers;
  std::function<Value(const std::string&)> reload_plugin;  // {"plugin", "changed", "from", "to", "generation"}
  plugin::Grants& grants;
  std::function<void(const std::string& plugin)> grants_changed;  // the plugin's workers start anew
  package::Installer& installer;
  market::Marketplace& marketplace;  // that this host is
  market::Sources& marketplaces;     // of others, that it knows
  store::Database& database;
};

// `api` must outlive the router.
void add_routes(Router& router, const Api& api);

// One function per group, one file each.
void add_system_routes(Router& router,
                       const Api& api);  // system_routes.cc: health, metrics, log level, doctor, documents
void add_plugin_routes(Router& router, const Api& api);     // plugin_routes.cc
void add_supervision_routes(Router& router, const Api& api);  // supervision_routes.cc: a plugin's statistics, reload, release
void add_permission_routes(Router& router, const Api& api);  // permission_routes.cc: grants, limits, trust
void add_pipeline_routes(Router& router, const Api& api);   // pipeline_routes.cc: the list, validate, execute
void add_operation_routes(Router& router, const Api& api);  // operation_routes.cc: configuration, backup
void add_package_routes(Router& router, const Api& api);    // package_routes.cc: inspect, pack, keys
void add_package_life_routes(Router& router, const Api& api);  // package_life_routes.cc: install, update, rollback, uninstall, verify
void add_advisory_routes(Router& router, const Api& api);   // advisory_routes.cc: advisories, bills of materials
void add_token_routes(Router& router, const Api& api);
void add_file_routes(Router& router, const Api& api);
void add_run_routes(Router& router, const Api& api);  // run_routes.cc: list, one, logs, events, cancel
void add_again_routes(Router& router, const Api& api);      // again_routes.cc: resume, retry, rerun, dead letters
void add_schedule_routes(Router& router, const Api& api);   // schedule_routes.cc
void add_watch_routes(Router& router, const Api& api);      // watch_routes.cc
void add_alert_routes(Router& router, const Api& api);      // alert_routes.cc: events and alerts

}  // namespace mortise::http
