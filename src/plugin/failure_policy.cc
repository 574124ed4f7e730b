#include "plugin/failure_policy.h"

#include <algorithm>
#include <array>

namespace mortise::plugin {
namespace {

constexpr std::array<std::string_view, 4> names{"stop", "report", "backoff", "fail"};

}  // namespace

std::string_view name_of(FailurePolicy policy) noexcept { return names.at(static_cast<std::size_t>(policy)); }

std::optional<FailurePolicy> failure_policy_named(std::string_view name) noexcept {
  const auto* found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<FailurePolicy>(found - names.begin());
}

std::chrono::seconds backoff_after(std::uint32_t failures) noexcept {
  if (failures == 0) return std::chrono::seconds{0};
  constexpr std::uint32_t doublings = 9;  // 2^9 s is beyond the longest
  return std::min(std::chrono::seconds{1 << std::min(failures - 1, doublings)}, longest_backoff);
}

void FailureRecord::succeeded() noexcept {
  failures_ = 0;
  losses_ = 0;
  rests_until_ = {};
}

Reaction FailureRecord::failed(Clock::time_point now, Failure failure) noexcept {
  if (failures_ < UINT32_MAX) ++failures_;
  losses_ = failure == Failure::worker_lost ? losses_ + 1 : 0;
  if (losses_ > losses_allowed && (policy_ == FailurePolicy::stop || policy_ == FailurePolicy::report)) {
    rests_until_ = now + backoff_after(losses_ - losses_allowed);
    return Reaction::quarantine;
  }
  switch (policy_) {
    case FailurePolicy::stop: return Reaction::end_run;
    case FailurePolicy::report: return Reaction::carry_on;
    case FailurePolicy::backoff: rests_until_ = now + backoff_after(failures_); return Reaction::quarantine;
    case FailurePolicy::fail: return Reaction::fail_plugin;
  }
  return Reaction::end_run;
}

std::optional<FailureRecord::Clock::time_point> FailureRecord::quarantined_until(Clock::time_point now) const noexcept {
  if (rests_until_ <= now) return std::nullopt;
  return rests_until_;
}

}  // namespace mortise::plugin
