#include "app/house.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "app/backup.h"
#include "app/cache_service.h"
#include "app/data_service.h"
#include "app/doctor.h"
#include "app/environment_options.h"
#include "app/environment_routes.h"
#include "app/host_services.h"
#include "app/limits_report.h"
#include "app/package_readers.h"
#include "app/package_stage.h"
#include "app/part_settings.h"
#include "app/plugin_reload.h"
#include "app/settings_view.h"
#include "app/run_watch.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/redact.h"
#include "dialects/all.h"
#include "dialects/core/inspector.h"
#include "http/api.h"
#include "http/file_shelf.h"
#include "http/schedule_start.h"
#include "http/server.h"
#include "http/tokens.h"
#include "jobs/core/checkpoints.h"
#include "jobs/core/dead_letters.h"
#include "jobs/core/event_log.h"
#include "jobs/core/events.h"
#include "jobs/core/retention.h"
#include "jobs/core/run_log.h"
#include "jobs/core/scheduler.h"
#include "jobs/core/vault.h"
#include "jobs/monitors/monitors.h"
#include "jobs/pipelines/pipelines.h"
#include "market/marketplace.h"
#include "market/sources.h"
#include "market/supplier.h"
#include "models/models.h"
#include "models/service.h"
#include "os/file.h"
#include "os/paths.h"
#include "package/installer.h"
#include "plugin/grants.h"
#include "plugin/registry.h"
#include "plugin/services.h"
#include "plugin/shared_cache.h"
#include "runtime/health_watch.h"
#include "runtime/plain_host.h"
#include "runtime/runtime.h"
#include "store/database.h"

namespace mortise::app {
namespace {

constexpr std::chrono::milliseconds last_answers{2'000};  // what requests in hand get once everything else has ended

os::LockFile take(const std::string& data_dir) {
  os::make_directories(data_dir);
  return os::LockFile::take(lock_path(data_dir));
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// A server goes on with what an earlier one left behind. A verb's own host lives for that verb alone.
jobs::Resume resume_for(cli::HostOptions::Ports ports) {
  return ports == cli::HostOptions::Ports::configured ? jobs::Resume::automatic : jobs::Resume::by_hand;
}

std::function<std::optional<plugin::Trust>(const std::string&)> trust_decisions(const plugin::Grants& grants) {
  return [&grants](const std::string& id) -> std::optional<plugin::Trust> {
    const auto decision = grants.of(id).trust;
    if (!decision) return std::nullopt;
    return decision->verdict == plugin::Verdict::granted ? plugin::Trust::in_process : plugin::Trust::confined;
  };
}

http::ServerEvents server_events(const Log& log, http::Metrics& metrics) {
  http::ServerEvents events;
  events.answered = [&log, &metrics](const http::ServerEvents::Answered& answer) {
    const std::string_view route = answer.route != nullptr ? std::string_view(answer.route->pattern) : "none";
    metrics.request_answered(name_of(answer.request.method), route, answer.status, answer.elapsed);
    log.debug("request", {{"method", name_of(answer.request.method)},
                          {"path", answer.request.path},
                          {"status", answer.status},
                          {"bytes", answer.bytes},
                          {"ms", std::chrono::duration<double, std::milli>(answer.elapsed).count()},
                          {"by", answer.request.asker}});
  };
  events.failed = [&log](const Error& error) { log.failure("a request met a defect", error); };
  return events;
}

}  // namespace

// In the order of construction; each may use those above it.
struct House::Parts {
  Parts(HouseOptions chosen, Configuration configured, const Log& given)
      : options(std::move(chosen)),
        configuration(std::move(configured)),
        lock(take(options.data_dir)),
        log(given.named("app")),
        room_logs{given.named("http"), given.named("jobs"), given.named("runtime"), given.named("plugins")},
        database(os::join(options.data_dir, "mortise.db")),
        depot(database, os::join(options.data_dir, "packages")),
        grants(database, settings().permissions.policy),
        registry(plugin::Registry::TrustedInProcess{settings().plugins.trusted, trust_decisions(grants)}),
        environments(room_logs.runtime, environment_places(options.places, options.data_dir), environment_options(settings())),
        runtime(registry, room_logs.runtime, runtime_paths(options.places, options.data_dir), runtime_settings(settings(), options, grants, depot, environments)),
        models(database, runtime, room_logs.plugins),
        inspector(runtime, os::join(options.data_dir, "inspected"), room_logs.plugins),
        dialects(options.guides, surroundings()),
        run_log(database, room_logs.jobs),
        vault(os::join(options.data_dir, "key")),
        checkpoints(database, vault, os::join(options.data_dir, "runs")),
        event_log(database),
        alerts(database, event_log),
        dead_letters(database),
        pipelines({room_logs.jobs, registry, services, runtime, run_log, events, checkpoints, environment,
                   resume_for(options.ports), settings().plugins.max_concurrency, settings().plugins.timeout,
                   run_watch(event_log, alerts, room_logs.jobs)}),
        monitors(runtime, events, event_log, room_logs.jobs, std::make_shared<runtime::PlainHost>(services, room_logs.plugins)),
        scheduler(database, event_log, room_logs.jobs, schedule_target(), now),
        catalog(settings().pipeline_directories, os::join(options.data_dir, "pipelines")),
        metrics(version()),
        runs(metrics, pipelines, run_log),
        tokens(database),
        files(os::join(options.data_dir, "files")),
        cache(cache_limits(settings())),
        health(registry, runtime, room_logs.plugins, settings().plugins.health_interval),
        readers(runtime, database),
        stage(registry, runtime, room_logs.plugins,
              [this](const std::string& folder, const std::string& name) { return read_plugin(folder, name); },
              [this](const plugin::Descriptor& plugin) { (void)environments.folder_for(plugin); }),
        marketplace(database, readers, os::join(options.data_dir, "marketplace")),
        marketplaces(database, room_logs.plugins, os::join(options.data_dir, "marketplace/mirrors")),
        market_supplier(marketplace, marketplaces),
        installer({database, depot, readers, stage, registry, room_logs.plugins, {&market_supplier}}, package_policy(settings())),
        plugin_reload(registry, runtime, room_logs.plugins, settings().plugins.watch,
                      [this](const plugin::Descriptor& present) { return read_anew(present); }),
        api{room_logs.http,
            registry,
            runtime,
            run_log,
            events,
            pipelines,
            catalog,
            metrics,
            runs,
            version(),
            now(),
            std::filesystem::current_path().string(),
            environment,
            [this] {
              Value report = examine(options.data_dir, settings(), options.places);
              add_limits(report, runtime.limit_keepers());
              return report;
            },
            [this] { return shown_configuration(); },
            [this] { return reload(); },
            [this](const std::string& path) { return make_backup(database, options.data_dir, path); },
            tokens,
            files,
            draining,
            scheduler,
            event_log,
            alerts,
            dead_letters,
            health,
            cache,
            monitors,
            readers,
            [this](const std::string& plugin) { return plugin_reload.reload(plugin); },
            grants,
            [this](const std::string& plugin) { regard_grants(plugin); },
            installer,
            marketplace,
            marketplaces,
            database},
        server(router, server_options(options.data_dir, settings(), options.ports, tokens),
               server_events(room_logs.http, metrics)) {
    discover(options.places);
    installer.begin();
    services.add("Cache", make_cache_service(cache));
    services.add("Models", models::make_models_service(models));
    services.add("Data", make_data_service(files, grants, registry));
    host_config = add_host_services(services, settings(), room_logs.plugins, registry, runtime);
    http::add_routes(router, api);
    add_environment_routes(router, environments, registry);
    dialects.add_routes(router);
    server.start();
    runtime.make_zygotes(languages_of_workers());
    // Last of all: what begins here uses everything above, and nothing begins where the doors could not be opened.
    if (resume_for(options.ports) == jobs::Resume::automatic) {
      plugin_reload.start();
      (void)environments.collect_garbage();
      (void)pipelines.resume_all();
      scheduler.start();
      sweeper.emplace(database, checkpoints, room_logs.jobs, retention_policy(settings()));
      dialects.begin();
    }
  }

  // Each plugin is a part of the log that belongs to "plugins", known by all of its names.
  void name_logs() {
    for (const auto& descriptor : registry.list()) {
      const Log own = room_logs.plugins.named(descriptor->id);
      for (const std::string& alias : descriptor->aliases) (void)own.named(alias);
    }
  }

  std::set<std::string> languages_of_workers() const {
    std::set<std::string> languages;
    for (const auto& descriptor : registry.list()) {
      if (descriptor->trust == plugin::Trust::confined) languages.insert(descriptor->language);
    }
    return languages;
  }

  // Workers that started before a decision go; the next call starts with it.
  void regard_grants(const std::string& plugin) {
    registry.reconsider_trust(plugin);
    runtime.retire(plugin);
  }

  // A copy: a reload may replace it.
  [[nodiscard]] Settings settings() const {
    const std::lock_guard guard(configuration_mutex);
    return configuration.settings;
  }

  [[nodiscard]] Value shown_configuration() const {
    const std::lock_guard guard(configuration_mutex);
    return log.redactor().clean(shown(configuration, options.configuration_file));
  }

  // Everything that can fail comes before the first thing that changes.
  Value reload() {
    const std::lock_guard one_at_a_time(reload_mutex);
    try {
      Configuration fresh = options.read_again();
      const Settings before = settings();
      const Difference changed = difference(before, fresh.settings);
      apply(fresh);
      log.info("configuration read again", {{"changed", names(changed.at_once)}, {"restart", names(changed.restart)}});
      if (!changed.restart.empty()) {
        log.warning("some changes wait for the next start of the server", {{"keys", names(changed.restart)}});
      }
      return Value::map({{"changed", names(changed.at_once)}, {"restart", names(changed.restart)}});
    } catch (const Error& error) {
      log.failure("the configuration was not read again; the one before holds", error);
      throw;
    }
  }

  void apply(Configuration& fresh) {
    server.configure(server_options(options.data_dir, fresh.settings, options.ports, tokens));  // may throw
    for (const std::string& secret : fresh.secrets) log.redact(secret);
    log.reopen();
    log.configure(fresh.settings.logging);
    if (sweeper) sweeper->set_policy(retention_policy(fresh.settings));
    host_config(fresh.settings);
    cache.limit(cache_limits(fresh.settings));
    environments.configure(environment_options(fresh.settings));
    health.set_interval(fresh.settings.plugins.health_interval);
    plugin_reload.set_interval(fresh.settings.plugins.watch);
    grants.set_policy(fresh.settings.permissions.policy);
    installer.set_policy(package_policy(fresh.settings));
    const std::lock_guard guard(configuration_mutex);
    configuration = std::move(fresh);
  }

  dialects::Surroundings surroundings() {
    return {room_logs.plugins,
            registry,
            services,
            runtime,
            inspector,
            database,
            models,
            run_log,
            api,
            options.data_dir,
            std::filesystem::current_path().string(),
            runtime_paths(options.places, options.data_dir).python,
            options.places.dialect_shims};
  }

  static Value names(const std::vector<std::string>& all) {
    Value list = Value::list();
    for (const std::string& name : all) list.push_back(name);
    return list;
  }

  jobs::Scheduler::Target schedule_target() {
    return {.start = [this](const jobs::Schedule& schedule,
                            const jobs::ScheduleSlot& slot, const jobs::EventRecord* event) {
              return http::start_scheduled(api, schedule, slot, event);
            },
            .cancel = [this](const std::string& run, const std::string& reason) { pipelines.cancel(run, reason); },
            .check = [this](const jobs::Schedule& schedule) { (void)http::request_of_schedule(api, schedule); },
            .declared = [this] { return http::declared_schedules(api); }};
  }

  // By whoever found it: its folder is scanned as at the start.
  plugin::Descriptor read_anew(const plugin::Descriptor& present) { return read_plugin(present.folder, present.id); }

  plugin::Descriptor read_plugin(const std::string& folder, const std::string& name) {
    plugin::Registry scratch;
    const std::filesystem::path folders[] = {folder};
    const auto report = scratch.scan(folders, dialects.detectors(), 0);
    if (const auto found = scratch.find(name)) return *found;
    if (!report.problems.empty()) throw Error(report.problems.front().error);
    throw Error(Code::not_found, "plugin '" + name + "' is not in " + folder, "what runs goes on; the next start of the server is without it");
  }

  // Problems of single plugins are told and do not keep the others from working.
  void discover(const Places& places) {
    std::vector<std::filesystem::path> directories;
    const Settings settings = this->settings();
    if (settings.plugins.first_party && !places.first_party_plugins.empty())
      directories.emplace_back(places.first_party_plugins);
    for (const std::string& directory : settings.plugins.directories) {
      if (!settings.plugins.auto_discovery || directory == places.first_party_plugins) continue;
      if (std::filesystem::is_directory(directory)) {
        directories.emplace_back(directory);
      } else if (configuration.origins.contains("plugins.directories")) {
        log.warning("a folder of plugins is not there", {{"folder", directory}, {"key", "plugins.directories"}});
      }
    }
    auto report = registry.scan(directories, dialects.detectors());
    dialects.look_elsewhere(registry, report);
    for (const auto& problem : report.problems)
      log.failure("a plugin was left out", problem.error, {{"folder", problem.folder.string()}});
    for (const auto& problem : report.incomplete)
      log.failure("a plugin cannot be used", problem.error, {{"folder", problem.folder.string()}});
    log.info("plugins found", {{"count", report.added.size()}});
    name_logs();
  }

  struct RoomLogs {
    Log http, jobs, runtime, plugins;
  };

  const HouseOptions options;
  mutable std::mutex configuration_mutex;
  std::mutex reload_mutex;
  Configuration configuration;
  os::LockFile lock;
  Log log;
  RoomLogs room_logs;
  store::Database database;
  package::Depot depot;
  plugin::Grants grants;
  plugin::Registry registry;
  plugin::Services services;
  environments::Environments environments;
  runtime::Runtime runtime;
  models::Models models;
  dialects::Inspector inspector;
  dialects::Dialects dialects;
  jobs::RunLog run_log;
  jobs::EventHub events;
  jobs::Vault vault;
  jobs::Checkpoints checkpoints;
  jobs::EventLog event_log;
  jobs::Alerts alerts;
  jobs::DeadLetters dead_letters;
  jobs::Pipelines pipelines;
  jobs::Monitors monitors;
  jobs::Scheduler scheduler;
  std::optional<jobs::Sweeper> sweeper;
  http::PipelineCatalog catalog;
  http::Metrics metrics;
  http::RunTracker runs;
  http::Tokens tokens;
  http::FileShelf files;
  std::atomic<bool> draining = false;
  plugin::SharedCache cache;
  runtime::HealthWatch health;
  PackageReaders readers;
  PackageStage stage;
  market::Marketplace marketplace;
  market::Sources marketplaces;
  market::MarketSupplier market_supplier;
  package::Installer installer;
  PluginReload plugin_reload;
  http::Api api;
  http::Router router;
  std::function<void(const Settings&)> host_config;  // tells ConfigService
  http::Server server;
};

House::House(HouseOptions options, Configuration configuration, const Log& log)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(configuration), log)) {}

// Runs are told to stop first, so that the requests that wait for them can be answered; then the doors close.
House::~House() {
  parts_->scheduler.stop();  // nothing new begins
  parts_->dialects.end();
  parts_->monitors.end_all();
  parts_->health.stop();
  parts_->plugin_reload.stop();
  parts_->environments.stop();
  parts_->pipelines.drain(std::chrono::milliseconds(0));
  parts_->server.stop(last_answers);
}

std::vector<std::string> House::urls() const {
  std::vector<std::string> urls;
  const auto scheme = parts_->settings().server.certificate.empty() ? http::UrlScheme::http : http::UrlScheme::https;
  for (const http::Endpoint& endpoint : parts_->server.endpoints()) urls.push_back(http::url_of(endpoint, scheme));
  return urls;
}

void House::drain() {
  parts_->draining = true;
  const auto patience = parts_->settings().server.drain_timeout;
  parts_->log.info("stopping", {{"patience_s", std::chrono::duration<double>(patience).count()}});
  parts_->scheduler.stop();  // nothing new begins
  parts_->dialects.end();
  parts_->monitors.end_all();
  parts_->pipelines.drain(patience);
  parts_->environments.stop();
  parts_->server.stop(last_answers);
  parts_->health.stop();
  parts_->runtime.shutdown();
  parts_->log.info("stopped");
}

Value House::reload() { return parts_->reload(); }

}  // namespace mortise::app
