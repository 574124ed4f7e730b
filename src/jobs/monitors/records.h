// What a watch writes down, as values (see watch.h).
#pragma once

#include <vector>

#include "jobs/monitors/segments.h"

namespace mortise::jobs {

[[nodiscard]] Value event_record(const MonitorEvent& event);
// `aggregated` and `errors` are maps by data_header.
[[nodiscard]] Value segment_record(const Segment& segment, const Value& aggregated, const Value& errors);
// {start, resets_count, events, labels} of one that is not complete yet.
[[nodiscard]] Value open_segment(const Segment& segment);
[[nodiscard]] Value list_of(const std::vector<Value>& items);

}  // namespace mortise::jobs
