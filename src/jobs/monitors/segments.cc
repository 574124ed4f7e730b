#include "jobs/monitors/segments.h"

#include <algorithm>
#include <utility>

namespace mortise::jobs {

void Segments::collect(const MonitorEvent& event, const EventRules& rules) {
  Segment& segment = *open_;
  segment.end = std::max(segment.end, event.time);
  segment.start = std::min(segment.start, event.time);
  segment.labels.insert(event.label);
  segment.events.push_back({event.time, event.label, event.event});
  segment.overfull = segment.events.size() >= most_events;
  const Value* value = rules.data_header.empty() ? nullptr : event.data.find(rules.data_header);
  if (value == nullptr) return;
  const auto known = std::find_if(segment.collected.begin(), segment.collected.end(),
                                  [&](const Segment::Collected& each) { return each.header == rules.data_header; });
  if (known == segment.collected.end()) {
    segment.collected.push_back({rules.data_header, event.label, {*value}});
  } else {
    known->items.push_back(*value);
  }
}

Segments::Went Segments::take(const MonitorEvent& event, const EventRules& rules, Clock::time_point now) {
  if (rules.infrequent || (!open_ && !rules.resets_cooldown)) return Went::alone;
  const Went went = open_ ? Went::into_segment : Went::opened_segment;
  if (!open_) {
    open_.emplace();
    open_->start = open_->end = event.time;
  } else if (rules.resets_cooldown) {
    ++open_->resets;
  }
  if (rules.resets_cooldown) last_reset_ = now;
  collect(event, rules);
  return went;
}

std::optional<Segment> Segments::complete(Clock::time_point now) {
  if (!open_ || (!open_->overfull && now - last_reset_ < cooldown_)) return std::nullopt;
  return close();
}

std::optional<Segment> Segments::close() { return std::exchange(open_, std::nullopt); }

std::optional<Segments::Clock::time_point> Segments::due() const noexcept {
  if (!open_) return std::nullopt;
  return open_->overfull ? last_reset_ : last_reset_ + cooldown_;
}

}  // namespace mortise::jobs
