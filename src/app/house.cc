#include "app/house.h"

#include <cstdlib>
#include <filesystem>

#include "app/doctor.h"
#include "app/host_services.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/error.h"
#include "http/api.h"
#include "http/server.h"
#include "jobs/core/events.h"
#include "jobs/core/run_log.h"
#include "jobs/pipelines/pipelines.h"
#include "os/file.h"
#include "os/paths.h"
#include "plugin/registry.h"
#include "plugin/services.h"
#include "runtime/runtime.h"
#include "store/database.h"

namespace mortise::app {
namespace {

constexpr std::chrono::milliseconds last_answers{2'000};  // what requests in hand get once everything else has ended

os::LockFile take(const std::string& data_dir) {
  os::make_directories(data_dir);
  return os::LockFile::take(lock_path(data_dir));
}

runtime::RuntimePaths runtime_paths(const Places& places) {
  runtime::RuntimePaths paths = runtime::RuntimePaths::beside(places.executable);
  paths.working_folder = std::filesystem::current_path().string();
  return paths;
}

runtime::RuntimeSettings runtime_settings(const Settings& settings) {
  runtime::RuntimeSettings chosen;
  chosen.grace = settings.runtime.grace;
  chosen.idle = settings.runtime.idle;
  chosen.memory_bytes = settings.runtime.memory;
  return chosen;
}

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

http::ServerOptions server_options(const std::string& data_dir, const Settings& settings,
                                   cli::HostOptions::Ports ports) {
  http::ServerOptions options;
  if (ports == cli::HostOptions::Ports::configured) {
    for (const std::string& host : settings.server.hosts) {
      for (const std::uint16_t port : settings.server.ports) options.listen.push_back({host, port});
    }
  }
  options.unix_socket = socket_path(data_dir);
  options.guard = {settings.server.allowed_hosts, settings.server.allowed_origins};
  options.max_body = settings.server.max_body;
  options.max_connections = settings.server.max_connections;
  return options;
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
                          {"by", name_of(answer.request.principal)}});
  };
  events.failed = [&log](const Error& error) { log.failure("a request met a defect", error); };
  return events;
}

}  // namespace

Places Places::of(const std::string& executable) {
  const std::filesystem::path folder = std::filesystem::path(executable).parent_path();
  const auto first = [&](std::initializer_list<const char*> choices) {
    for (const char* choice : choices) {
      std::error_code failure;
      const auto path = std::filesystem::weakly_canonical(folder / choice, failure);
      if (!failure && std::filesystem::exists(path, failure)) return path.string();
    }
    return std::string();
  };
  // A build tree is build/bin, or build/<preset>/bin for the others; an installation has share/ beside bin/.
  return {executable, first({"../plugins", "../share/mortise/plugins"}),
          first({"../../examples/quickstart/weather.yaml", "../../../examples/quickstart/weather.yaml",
                 "../share/mortise/quickstart/weather.yaml"})};
}

std::string lock_path(const std::string& data_dir) { return os::join(data_dir, "lock"); }
std::string socket_path(const std::string& data_dir) { return os::join(data_dir, "server.sock"); }

// In the order of construction; each may use those above it.
struct House::Parts {
  Parts(const std::string& data_dir, const Settings& chosen, cli::HostOptions::Ports ports, const Places& places,
        Log given)
      : settings(chosen),
        lock(take(data_dir)),
        log(std::move(given)),
        database(os::join(data_dir, "mortise.db")),
        registry(plugin::Registry::TrustedInProcess{settings.plugins.trusted}),
        runtime(registry, log, runtime_paths(places), runtime_settings(settings)),
        run_log(database, log),
        pipelines({log, registry, services, runtime, run_log, events, settings.plugins.max_concurrency,
                   settings.plugins.timeout}),
        catalog(settings.pipeline_directories, os::join(data_dir, "pipelines")),
        metrics(version()),
        runs(metrics, pipelines, run_log),
        api{log,         registry,
            runtime,     run_log,
            events,      pipelines,
            catalog,     metrics,
            runs,        version(),
            now(),       std::filesystem::current_path().string(),
            environment, [data_dir, places, chosen] { return examine(data_dir, chosen, places); }},
        server(router, server_options(data_dir, settings, ports), server_events(log, metrics)) {
    discover(places);
    add_host_services(services, settings, log, registry, runtime);
    http::add_routes(router, api);
    server.start();
  }

  // Problems of single plugins are told and do not keep the others from working.
  void discover(const Places& places) {
    std::vector<std::filesystem::path> directories;
    if (settings.plugins.first_party && !places.first_party_plugins.empty())
      directories.emplace_back(places.first_party_plugins);
    for (const std::string& directory : settings.plugins.directories) {
      const bool wanted = settings.plugins.auto_discovery && directory != places.first_party_plugins;
      if (wanted && std::filesystem::is_directory(directory)) directories.emplace_back(directory);
    }
    const auto report = registry.scan(directories);
    for (const auto& problem : report.problems)
      log.failure("a plugin was left out", problem.error, {{"folder", problem.folder.string()}});
    log.info("plugins found", {{"count", report.added.size()}});
  }

  const Settings settings;
  os::LockFile lock;
  Log log;
  store::Database database;
  plugin::Registry registry;
  plugin::Services services;
  runtime::Runtime runtime;
  jobs::RunLog run_log;
  jobs::EventHub events;
  jobs::Pipelines pipelines;
  http::PipelineCatalog catalog;
  http::Metrics metrics;
  http::RunTracker runs;
  http::Api api;
  http::Router router;
  http::Server server;
};

House::House(const std::string& data_dir, const Settings& settings, cli::HostOptions::Ports ports, const Places& places,
             Log log)
    : parts_(std::make_unique<Parts>(data_dir, settings, ports, places, std::move(log))) {}

// Runs are told to stop first, so that the requests that wait for them can be answered; then the doors close.
House::~House() {
  parts_->pipelines.drain(std::chrono::milliseconds(0));
  parts_->server.stop(last_answers);
}

std::vector<std::string> House::urls() const {
  std::vector<std::string> urls;
  for (const http::Endpoint& endpoint : parts_->server.endpoints()) urls.push_back(http::url_of(endpoint));
  return urls;
}

void House::drain() {
  parts_->log.info("stopping",
                   {{"patience_s", std::chrono::duration<double>(parts_->settings.server.drain_timeout).count()}});
  parts_->pipelines.drain(parts_->settings.server.drain_timeout);
  parts_->server.stop(last_answers);
  parts_->runtime.shutdown();
  parts_->log.info("stopped");
}

}  // namespace mortise::app
