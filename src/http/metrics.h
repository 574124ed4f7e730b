// Metrics: what the server counts, in Prometheus' text form.
//
// What the server itself sees (requests, runs) is counted as it happens; what others know (plugins' calls, instances, this
// process) is read when somebody asks. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/shared_cache.h"
#include "runtime/health_watch.h"
#include "runtime/runtime.h"

namespace mortise::http {

class Metrics {
 public:
  explicit Metrics(const std::string& version);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  // `route` is a pattern, never a path: its values are few.
  void request_answered(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds elapsed);
  void run_started();
  void run_ended(std::string_view state, std::chrono::nanoseconds elapsed);

  struct Scrape {
    std::vector<runtime::PluginStats> plugins;
    std::vector<runtime::InstanceInfo> instances;
    std::size_t runs_in_progress = 0;
    std::map<std::string, runtime::Health, std::less<>> health;  // of the plugins that were asked
    plugin::SharedCache::Counts cache;
  };
  [[nodiscard]] std::string text(const Scrape& scrape) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mortise::http
