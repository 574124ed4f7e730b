// Watch: several monitors polled side by side, and the segments that their events make.
//
// Each monitor has its own schedule, kept however the others behave: polls do not wait for one another, so a slow, hanging or
// failing monitor delays none but itself. A poll that is still out when the next is due makes that one fall away. A monitor
// that fails rests 1, 2, 4 ... 300 seconds (plugin/failure_policy.h); any successful poll, with an event or without, ends the
// row. When a segment is complete, each header's items go to the monitor's `aggregate`; where that fails the segment is written
// all the same, with the items as they were and the reason.
//
// Records are values:
//   {type: "event", timestamp, label, event, data, id}
//   {type: "segment", start, end, duration_s, labels, aggregated {header: value}, resets_count, events [{t, l, e}]}, and where
//   something went wrong `errors` {header: text}, `overfull` true
// What else happens are notes: polls, openings, failures, rests, slowness.
//
// One thread for a watch. The listener is called on it, never twice at once.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "jobs/monitors/segments.h"
#include "mortise/value.hpp"

namespace mortise::runtime {
class CallHost;
class Runtime;
}  // namespace mortise::runtime

namespace mortise::jobs {

struct MonitorSpec {
  std::string label;   // of its events, unique in the watch
  std::string plugin;  // id or alias; has the extension point `monitor`
  Value config;        // the plugin's own
  EventRules rules;
  std::chrono::milliseconds interval{5'000};
  bool hears_segments = false;  // its method on_segment_close gets the record of each segment that has events of it
};

struct WatchSpec {
  std::string name;
  std::vector<MonitorSpec> monitors;
  std::chrono::milliseconds cooldown{600'000};
  std::chrono::milliseconds slow{100};  // a poll that takes longer is told
};

class WatchListener {
 public:
  virtual ~WatchListener() = default;
  virtual void record(const Value& record) = 0;  // may throw Error: it is logged, and the watch goes on
  // Every event as it comes, long before the record of its segment. May throw Error, too.
  virtual void seen(const Value& event) { (void)event; }
  virtual void note(Log::Level level, const std::string& text, const Value& fields) = 0;
};

class Watch {
 public:
  // Begins at once: the first poll of every monitor is due now. Throws Error{invalid} for a spec that cannot be: a label twice,
  // an interval or cooldown that is not positive. `runtime` outlives it.
  // `host` is what monitors can ask of; it may be null.
  Watch(runtime::Runtime& runtime, WatchSpec spec, std::shared_ptr<WatchListener> listener, const Log& log,
        std::shared_ptr<runtime::CallHost> host = nullptr);
  ~Watch();  // stops
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // No more polls; the open segment is completed and written. Blocks, for a bounded time. Idempotent.
  void stop();

  // {name, state: IDLE | ACTIVE | CLOSING, remaining_s, cooldown_s, events, segments, open: {start, resets_count, events, labels},
  //  monitors: [{label, plugin, state: waiting | polling | quarantined, polls, events, failures, failures_in_a_row,
  //  quarantined_until, last_error, slow, poll_interval_s, resets_cooldown, infrequent, data_header}]}
  [[nodiscard]] Value status() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace mortise::jobs
