#include "http/run_tracker.h"

#include <chrono>

#include "http/metrics.h"
#include "jobs/core/run_log.h"
#include "jobs/pipelines/pipelines.h"

namespace mortise::http {

void RunTracker::started(const std::string& run) {
  metrics_.run_started();
  const std::lock_guard lock(mutex_);
  in_progress_.insert(run);
}

std::size_t RunTracker::settle() {
  const std::lock_guard lock(mutex_);
  std::erase_if(in_progress_, [this](const std::string& run) {
    if (pipelines_.find(run) != nullptr) return false;
    const auto record = run_log_.find(run);
    if (!record || !record->finished) return !record;
    metrics_.run_ended(record->state,
                       std::chrono::nanoseconds(record->finished->nanoseconds - record->created.nanoseconds));
    return true;
  });
  return in_progress_.size();
}

}  // namespace mortise::http
