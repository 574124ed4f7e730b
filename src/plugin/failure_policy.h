// Failure policy: what happens to a plugin whose call failed.
//
//   stop     the run ends (a pipeline's step)
//   report   the failure is recorded, the caller goes on
//   backoff  it rests min(2^(n-1), 300) s after the n-th failure in a row; any success sets n to 0
//   fail     it is FAILED until it is made anew
//
// Under stop and report a plugin that lost its worker (it died, or did not start) five times in a row rests, too, from one second
// on: starting it again and again helps nobody.
//
// FailureRecord counts for one plugin. It reads no clock: the caller says what time it is. Not thread-safe; its owner locks.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plugin/descriptor.h"

namespace mortise::plugin {

[[nodiscard]] std::string_view name_of(FailurePolicy policy) noexcept;
[[nodiscard]] std::optional<FailurePolicy> failure_policy_named(std::string_view name) noexcept;

enum class Failure { plain, worker_lost };
enum class Reaction { end_run, carry_on, quarantine, fail_plugin };

inline constexpr std::chrono::seconds longest_backoff{300};
inline constexpr std::uint32_t losses_allowed = 4;  // of workers in a row, under stop and report
// min(2^(failures-1), 300) s; 0 for no failure.
[[nodiscard]] std::chrono::seconds backoff_after(std::uint32_t failures) noexcept;

class FailureRecord {
 public:
  using Clock = std::chrono::steady_clock;

  explicit FailureRecord(FailurePolicy policy) noexcept : policy_(policy) {}

  void succeeded() noexcept;
  Reaction failed(Clock::time_point now, Failure failure = Failure::plain) noexcept;

  [[nodiscard]] std::uint32_t failures_in_a_row() const noexcept { return failures_; }
  // Under `fail`: it failed, and nothing but a new record helps.
  [[nodiscard]] bool out_of_service() const noexcept { return policy_ == FailurePolicy::fail && failures_ > 0; }
  // Until when it rests, if it does at `now`.
  [[nodiscard]] std::optional<Clock::time_point> quarantined_until(Clock::time_point now) const noexcept;

 private:
  FailurePolicy policy_;
  std::uint32_t failures_ = 0;
  std::uint32_t losses_ = 0;  // of workers, in a row
  Clock::time_point rests_until_{};
};

}  // namespace mortise::plugin
