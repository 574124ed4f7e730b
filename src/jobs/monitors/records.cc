#include "jobs/monitors/records.h"

#include "base/clock.h"

namespace mortise::jobs {
namespace {

Value texts(const std::set<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

}  // namespace

Value list_of(const std::vector<Value>& items) {
  Value list = Value::list();
  for (const Value& item : items) list.push_back(item);
  return list;
}

Value event_record(const MonitorEvent& event) {
  return Value::map({{"type", "event"},
                     {"timestamp", to_rfc3339(event.time)},
                     {"label", event.label},
                     {"event", event.event},
                     {"data", event.data},
                     {"id", event.id}});
}

Value segment_record(const Segment& segment, const Value& aggregated, const Value& errors) {
  Value events = Value::list();
  for (const Segment::Reference& event : segment.events) {
    events.push_back(Value::map({{"t", to_rfc3339(event.time)}, {"l", event.label}, {"e", event.event}}));
  }
  const double seconds = static_cast<double>(segment.end.nanoseconds - segment.start.nanoseconds) / 1e9;
  Value record = Value::map({{"type", "segment"},
                             {"start", to_rfc3339(segment.start)},
                             {"end", to_rfc3339(segment.end)},
                             {"duration_s", seconds},
                             {"labels", texts(segment.labels)},
                             {"aggregated", aggregated},
                             {"resets_count", segment.resets},
                             {"events", std::move(events)}});
  if (errors.size() != 0) record.set("errors", errors);
  if (segment.overfull) record.set("overfull", true);
  return record;
}

Value open_segment(const Segment& segment) {
  return Value::map({{"start", to_rfc3339(segment.start)},
                     {"resets_count", segment.resets},
                     {"events", segment.events.size()},
                     {"labels", texts(segment.labels)}});
}

}  // namespace mortise::jobs
