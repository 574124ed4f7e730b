#include "app/run_watch.h"

#include "base/error.h"
#include "jobs/core/event_log.h"

namespace mortise::app {
namespace {

void record(jobs::EventLog& events, const jobs::RunRequest& request, const jobs::RunResult& result) {
  Value data = Value::map({{"pipeline", request.pipeline.name}});
  if (result.error) data.set("error", result.error->describe());
  if (request.slot) data.set("schedule", request.slot->schedule);
  events.record({.type = "run." + result.state,
                 .source = "pipeline:" + request.pipeline.name,
                 .run = result.run_id,
                 .data = std::move(data)});
}

void watch_schedule(jobs::Alerts& alerts, const std::string& schedule, const jobs::RunResult& result) {
  const std::string subject = "schedule:" + schedule;
  if (result.state == "succeeded") alerts.resolve_subject(subject, "run " + result.run_id + " succeeded");
  if (result.state != "failed") return;
  alerts.raise({.subject = subject,
                .severity = jobs::Severity::high,
                .title = "the schedule '" + schedule + "' failed: " + (result.error ? result.error->describe() : ""),
                .source = subject,
                .data = Value::map({{"run", result.run_id}})});
}

}  // namespace

std::function<void(const jobs::RunRequest&, const jobs::RunResult&)> run_watch(jobs::EventLog& events,
                                                                               jobs::Alerts& alerts, const Log& log) {
  return [&events, &alerts, log](const jobs::RunRequest& request, const jobs::RunResult& result) {
    if (result.success && !request.slot) return;
    try {
      record(events, request, result);
      if (request.slot) watch_schedule(alerts, request.slot->schedule, result);
    } catch (const Error& error) {
      log.failure("the end of a run could not be told", error, {{"run", result.run_id}});
    }
  };
}

}  // namespace mortise::app
