// Monitor: one monitor of a watch: when it is due, how it fares. It reads no clock and calls nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "jobs/monitors/watch.h"
#include "plugin/failure_policy.h"

namespace mortise::runtime {
struct Outcome;
}

namespace mortise::jobs {

class Monitor {
 public:
  using Clock = std::chrono::steady_clock;

  Monitor(MonitorSpec spec, Clock::time_point now)
      : spec_(std::move(spec)), due_(now), failures_(plugin::FailurePolicy::backoff) {}

  [[nodiscard]] const MonitorSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] Clock::time_point due() const noexcept { return due_; }
  [[nodiscard]] bool polling() const noexcept { return polling_; }

  // Whether it is polled now. The next one is due a whole number of intervals later, also when this one falls away because
  // the one before is still out.
  [[nodiscard]] bool begin(Clock::time_point now);
  // Takes the end of a poll: an event, nothing, or throws Error for what failed or is no event of this monitor.
  [[nodiscard]] std::optional<MonitorEvent> finish(const runtime::Outcome& outcome);
  // It went well, or not; the seconds that it rests then.
  void succeeded() noexcept { failures_.succeeded(); }
  std::chrono::seconds failed(const std::string& why, Clock::time_point now, Time wall);
  // True for the 1st, 2nd, 4th, 8th ... slow poll, so that a monitor that is always slow does not fill the log.
  bool was_slow() noexcept;

  [[nodiscard]] Value status(Clock::time_point now) const;

 private:
  [[nodiscard]] MonitorEvent event_of(const Value& value) const;

  const MonitorSpec spec_;
  Clock::time_point due_;
  bool polling_ = false;
  plugin::FailureRecord failures_;
  std::uint64_t polls_ = 0, events_ = 0, failed_ = 0, slow_ = 0;
  std::string last_error_;
  Time rests_until_{};
};

}  // namespace mortise::jobs
