#include "jobs/monitors/monitor.h"

#include "base/clock.h"
#include "base/ids.h"
#include "plugin/extension_points.h"
#include "runtime/call.h"

namespace mortise::jobs {
namespace {

std::string text_in(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found != nullptr && found->is(Kind::string) ? std::string(found->as_string()) : std::string();
}

}  // namespace

bool Monitor::begin(Clock::time_point now) {
  if (now < due_) return false;
  due_ += spec_.interval * ((now - due_) / spec_.interval + 1);
  if (polling_) return false;
  polling_ = true;
  ++polls_;
  return true;
}

MonitorEvent Monitor::event_of(const Value& value) const {
  plugin::check_output(plugin::extension_point("monitor"), MORTISE_OP_POLL, value);
  MonitorEvent event{value.at("timestamp").as_time(), text_in(value, "label"), text_in(value, "event"), {}, {}};
  if (const Value* data = value.find("data")) event.data = *data;
  if (event.label != spec_.label) {
    throw Error(Code::plugin, "the event's label is '" + event.label + "', the monitor's is '" + spec_.label + "'");
  }
  if (event.event.empty()) throw Error(Code::plugin, "the event does not say what happened: `event` is empty");
  const std::string& header = spec_.rules.data_header;
  if (!header.empty() && !event.data.has(header)) {
    throw Error(Code::plugin, "the event's data has no key '" + header + "', the data_header of the monitor");
  }
  event.id = text_in(value, "id");
  if (event.id.empty()) event.id = make_id("event");
  return event;
}

std::optional<MonitorEvent> Monitor::finish(const runtime::Outcome& outcome) {
  polling_ = false;
  if (!outcome.ok()) throw Error(*outcome.error);
  if (outcome.value.is_null()) return std::nullopt;
  MonitorEvent event = event_of(outcome.value);
  ++events_;
  return event;
}

std::chrono::seconds Monitor::failed(const std::string& why, Clock::time_point now, Time wall) {
  ++failed_;
  last_error_ = why.substr(0, 2000);
  (void)failures_.failed(now);
  const auto until = failures_.quarantined_until(now).value_or(now);
  due_ = std::max(due_, until);
  const auto rest = std::chrono::duration_cast<std::chrono::seconds>(until - now);
  rests_until_ = Time{wall.nanoseconds + std::chrono::nanoseconds(rest).count()};
  return rest;
}

bool Monitor::was_slow() noexcept {
  ++slow_;
  return (slow_ & (slow_ - 1)) == 0;
}

Value Monitor::status(Clock::time_point now) const {
  const bool resting = failures_.quarantined_until(now).has_value();
  return Value::map({{"label", spec_.label},
                     {"plugin", spec_.plugin},
                     {"state", polling_  ? "polling"
                               : resting ? "quarantined"
                                         : "waiting"},
                     {"polls", polls_},
                     {"events", events_},
                     {"failures", failed_},
                     {"failures_in_a_row", failures_.failures_in_a_row()},
                     {"quarantined_until", resting ? Value(to_rfc3339(rests_until_)) : Value()},
                     {"last_error", last_error_},
                     {"slow", slow_},
                     {"poll_interval_s", std::chrono::duration<double>(spec_.interval).count()},
                     {"resets_cooldown", spec_.rules.resets_cooldown},
                     {"infrequent", spec_.rules.infrequent},
                     {"data_header", spec_.rules.data_header.empty() ? Value() : Value(spec_.rules.data_header)}});
}

}  // namespace mortise::jobs
