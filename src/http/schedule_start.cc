#include "http/schedule_start.h"

#include "data/value_json.h"
#include "http/run_start.h"
#include "os/paths.h"

namespace mortise::http {

Value schedule_request(const Request& request, const Value& body) {
  return Value::map({{"by", name_of(request.principal)}, {"body", body}});
}

jobs::RunRequest request_of_schedule(const Api& api, const jobs::Schedule& schedule) {
  Request request;
  request.principal =
      schedule.request.at("by").as_string() == name_of(Principal::operator_) ? Principal::operator_ : Principal::local;
  request.body = data::to_json(schedule.request.at("body"));
  return read_run_request(api, request);
}

namespace {

Value event_value(const jobs::EventRecord& event) {
  return Value::map({{"id", event.id}, {"type", event.type}, {"time", event.time}, {"source", event.source}, {"data", event.data}});
}

}  // namespace

std::string start_scheduled(const Api& api, const jobs::Schedule& schedule, const jobs::ScheduleSlot& slot,
                            const jobs::EventRecord* event) {
  jobs::RunRequest request = request_of_schedule(api, schedule);
  if (event != nullptr) request.context.set("event", event_value(*event));
  request.slot = slot;
  return start_run(api, std::move(request)).id;
}

std::vector<jobs::Schedule> declared_schedules(const Api& api) {
  std::vector<jobs::Schedule> declared;
  for (const PipelineCatalog::Entry& entry : api.catalog.list()) {
    if (!entry.pipeline || !entry.pipeline->schedule || !entry.pipeline->enabled) continue;
    jobs::Schedule schedule;
    schedule.name = entry.name;
    schedule.spec = *entry.pipeline->schedule;
    schedule.origin = entry.file;
    schedule.request = Value::map({{"by", name_of(Principal::operator_)},
                                   {"body", Value::map({{"pipeline_file", entry.file},
                                                        {"pipeline_name", entry.name},
                                                        {"folder", os::parent_of(entry.file)}})}});
    declared.push_back(std::move(schedule));
  }
  return declared;
}

}  // namespace mortise::http
