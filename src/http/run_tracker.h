// RunTracker: counts the runs that the API started, by how they ended, for /metrics.
//
// It remembers ids only and looks at the run log when asked, so a finished run's data is not kept alive for a number.
#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>

namespace mortise::jobs {
class Pipelines;
class RunLog;
}  // namespace mortise::jobs

namespace mortise::http {

class Metrics;

class RunTracker {
 public:
  RunTracker(Metrics& metrics, const jobs::Pipelines& pipelines, const jobs::RunLog& run_log)
      : metrics_(metrics), pipelines_(pipelines), run_log_(run_log) {}

  void started(const std::string& run);
  // Counts what ended meanwhile; gives the number of runs still in progress.
  std::size_t settle();

 private:
  Metrics& metrics_;
  const jobs::Pipelines& pipelines_;
  const jobs::RunLog& run_log_;
  std::mutex mutex_;
  std::set<std::string> in_progress_;
};

}  // namespace mortise::http
