// From a schedule to the run that it starts. A schedule's request is {"by": who made it, "body": as startRun takes it}: it may
// start what that one might. A run that an event started has that in its context, as `event`: {id, type, time, source, data}.
#pragma once

#include <string>
#include <vector>

#include "http/api.h"
#include "jobs/core/scheduler.h"

namespace mortise::http {

[[nodiscard]] Value schedule_request(const Request& request, const Value& body);
// Throws Error when its pipeline cannot be found or read.
[[nodiscard]] jobs::RunRequest request_of_schedule(const Api& api, const jobs::Schedule& schedule);
[[nodiscard]] std::string start_scheduled(const Api& api, const jobs::Schedule& schedule,
                                          const jobs::ScheduleSlot& slot, const jobs::EventRecord* event);
// What the enabled pipelines of the catalog declare.
[[nodiscard]] std::vector<jobs::Schedule> declared_schedules(const Api& api);

}  // namespace mortise::http
