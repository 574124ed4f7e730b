#include "http/metrics.h"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <map>

namespace mortise::http {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

const prometheus::Histogram::BucketBoundaries request_buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                              0.25,   0.5,   1,      2.5,   5,    10,    30,   60};
const prometheus::Histogram::BucketBoundaries run_buckets{0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600};

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

class Families {
 public:
  void add(const std::string& name, const std::string& help, MetricType type, const Labels& labels, double value) {
    MetricFamily& family = by_name_[name];
    family.name = name;
    family.help = help;
    family.type = type;
    ClientMetric metric;
    metric.label = labels;
    metric.counter.value = value;
    metric.gauge.value = value;
    family.metric.push_back(std::move(metric));
  }
  void append_to(std::vector<MetricFamily>& all) {
    for (auto& [name, family] : by_name_) all.push_back(std::move(family));
  }

 private:
  std::map<std::string, MetricFamily> by_name_;
};

void add_usage(Families& families, const Labels& plugin, const runtime::PluginStats& stats) {
  families.add("mortise_plugin_cpu_seconds_total", "Processor time of a plugin's workers and what they started",
               MetricType::Counter, plugin, seconds(stats.cpu));
  families.add("mortise_plugin_memory_bytes", "Memory of a plugin's workers", MetricType::Gauge, plugin,
               static_cast<double>(stats.memory));
  families.add("mortise_plugin_memory_peak_bytes", "The most memory that a worker of a plugin had", MetricType::Gauge,
               plugin, static_cast<double>(stats.memory_peak));
  families.add("mortise_plugin_worker_starts_total", "Workers of a plugin that were started", MetricType::Counter, plugin,
               static_cast<double>(stats.starts));
  families.add("mortise_plugin_worker_warm_starts_total", "Workers of a plugin that were forked from a zygote",
               MetricType::Counter, plugin, static_cast<double>(stats.warm_starts));
  families.add("mortise_plugin_quarantined", "1 while a plugin is not called after failures", MetricType::Gauge, plugin,
               stats.quarantine ? 1 : 0);
  for (const auto& [ended, count] : stats.endings) {
    families.add("mortise_plugin_endings_total", "Calls of a plugin that did not end ok, by how they ended",
                 MetricType::Counter, {{"plugin", stats.plugin}, {"ended", ended}}, static_cast<double>(count));
  }
}

void add_plugins(Families& families, const Metrics::Scrape& scrape) {
  for (const runtime::PluginStats& stats : scrape.plugins) {
    const Labels plugin{{"plugin", stats.plugin}};
    families.add("mortise_plugin_calls_total", "Calls of a plugin that ended", MetricType::Counter, plugin,
                 static_cast<double>(stats.calls));
    families.add("mortise_plugin_failures_total", "Calls of a plugin that did not end well", MetricType::Counter,
                 plugin, static_cast<double>(stats.failures));
    families.add("mortise_plugin_restarts_total", "Instances of a plugin that had to be replaced", MetricType::Counter,
                 plugin, static_cast<double>(stats.restarts));
    families.add("mortise_plugin_waiting_calls", "Calls that wait for an instance of a plugin", MetricType::Gauge,
                 plugin, static_cast<double>(stats.waiting));
    families.add("mortise_plugin_copied_bytes_total", "Bytes copied between memories for calls of a plugin",
                 MetricType::Counter, plugin, static_cast<double>(stats.bytes_copied));
    add_usage(families, plugin, stats);
    const std::pair<const char*, std::chrono::nanoseconds> quantiles[] = {
        {"0.5", stats.p50}, {"0.95", stats.p95}, {"0.99", stats.p99}, {"1", stats.longest}};
    for (const auto& [quantile, value] : quantiles) {
      families.add("mortise_plugin_call_seconds", "How long recent calls of a plugin took", MetricType::Gauge,
                   {{"plugin", stats.plugin}, {"quantile", quantile}}, seconds(value));
    }
  }
  std::map<std::pair<std::string, std::string>, int> instances;
  for (const runtime::InstanceInfo& instance : scrape.instances)
    ++instances[{instance.plugin, instance.busy ? "busy" : "idle"}];
  for (const auto& [key, count] : instances) {
    families.add("mortise_plugin_instances", "Instances of a plugin", MetricType::Gauge,
                 {{"plugin", key.first}, {"state", key.second}}, count);
  }
}

void add_health(Families& families, const Metrics::Scrape& scrape) {
  for (const auto& [plugin, health] : scrape.health) {
    families.add("mortise_plugin_healthy", "Whether a plugin said that it is well when it was last asked",
                 MetricType::Gauge, {{"plugin", plugin}}, health.healthy ? 1 : 0);
  }
}

void add_cache(Families& families, const plugin::SharedCache::Counts& counts) {
  const auto counter = [&](const char* name, const char* help, std::uint64_t value) {
    families.add(name, help, MetricType::Counter, {}, static_cast<double>(value));
  };
  counter("mortise_cache_hits_total", "Questions to the plugins' cache that found an entry", counts.hits);
  counter("mortise_cache_misses_total", "Questions to the plugins' cache that found none", counts.misses);
  counter("mortise_cache_stored_total", "Entries put into the plugins' cache", counts.stored);
  counter("mortise_cache_evicted_total", "Entries that went because the cache was full", counts.evicted);
  counter("mortise_cache_expired_total", "Entries that went because their time was over", counts.expired);
  families.add("mortise_cache_entries", "Entries in the plugins' cache", MetricType::Gauge, {},
               static_cast<double>(counts.entries));
  families.add("mortise_cache_bytes", "What the entries of the plugins' cache take", MetricType::Gauge, {},
               static_cast<double>(counts.bytes));
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  if (DIR* folder = ::opendir("/proc/self/fd")) {
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
  }
  return count > 3 ? count - 3 : 0;  // ".", ".." and the folder itself
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void add_process(Families& families) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto time = [](const timeval& value) {
    return static_cast<double>(value.tv_sec) + static_cast<double>(value.tv_usec) / 1e6;
  };
  families.add("process_cpu_seconds_total", "Processor time of the server", MetricType::Counter, {},
               time(usage.ru_utime) + time(usage.ru_stime));
  families.add("process_resident_memory_bytes", "Memory of the server", MetricType::Gauge, {}, resident_bytes());
  families.add("process_open_fds", "Open descriptors of the server", MetricType::Gauge, {},
               static_cast<double>(open_descriptors()));
}

}  // namespace

struct Metrics::Parts {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter().Name("mortise_http_requests_total").Help("Requests answered").Register(registry);
  prometheus::Family<prometheus::Histogram>& latency =
      prometheus::BuildHistogram().Name("mortise_http_request_seconds").Help("Time to the answer").Register(registry);
  prometheus::Counter& started =
      prometheus::BuildCounter().Name("mortise_runs_started_total").Help("Runs started").Register(registry).Add({});
  prometheus::Family<prometheus::Counter>& ended = prometheus::BuildCounter()
                                                       .Name("mortise_runs_ended_total")
                                                       .Help("Runs that ended, by their state")
                                                       .Register(registry);
  prometheus::Histogram& run_time = prometheus::BuildHistogram()
                                        .Name("mortise_run_seconds")
                                        .Help("Time that runs took")
                                        .Register(registry)
                                        .Add({}, run_buckets);
};

Metrics::Metrics(const std::string& version) : parts_(std::make_unique<Parts>()) {
  prometheus::BuildGauge()
      .Name("mortise_info")
      .Help("What runs")
      .Register(parts_->registry)
      .Add({{"version", version}})
      .Set(1);
  prometheus::BuildGauge()
      .Name("process_start_time_seconds")
      .Help("When the server started")
      .Register(parts_->registry)
      .Add({})
      .SetToCurrentTime();
}

Metrics::~Metrics() = default;

void Metrics::request_answered(std::string_view method, std::string_view route, int status,
                               std::chrono::nanoseconds elapsed) {
  const std::string method_text(method), route_text(route);
  parts_->requests.Add({{"method", method_text}, {"route", route_text}, {"status", std::to_string(status)}})
      .Increment();
  parts_->latency.Add({{"method", method_text}, {"route", route_text}}, request_buckets).Observe(seconds(elapsed));
}

void Metrics::run_started() { parts_->started.Increment(); }

void Metrics::run_ended(std::string_view state, std::chrono::nanoseconds elapsed) {
  parts_->ended.Add({{"state", std::string(state)}}).Increment();
  parts_->run_time.Observe(seconds(elapsed));
}

std::string Metrics::text(const Scrape& scrape) const {
  std::vector<MetricFamily> all = parts_->registry.Collect();
  Families families;
  families.add("mortise_runs_in_progress", "Runs that have not ended", MetricType::Gauge, {},
               static_cast<double>(scrape.runs_in_progress));
  add_plugins(families, scrape);
  add_health(families, scrape);
  add_cache(families, scrape.cache);
  add_process(families);
  families.append_to(all);
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace mortise::http
