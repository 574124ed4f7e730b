// What the host makes of the ends of runs: an event of each that did not succeed and of each that a schedule started, and an
// alert about a schedule whose run failed, until a later run of it succeeds.
#pragma once

#include <functional>

#include "base/log.h"
#include "jobs/pipelines/pipelines.h"

namespace mortise::jobs {
class Alerts;
class EventLog;
}  // namespace mortise::jobs

namespace mortise::app {

[[nodiscard]] std::function<void(const jobs::RunRequest&, const jobs::RunResult&)> run_watch(jobs::EventLog& events,
                                                                                             jobs::Alerts& alerts,
                                                                                             const Log& log);

}  // namespace mortise::app
