// FailureGate: whether a plugin may be called after it failed, by its failure policy (plugin/failure_policy.h).
//
//   backoff        rests 1, 2, 4 ... 300 s after every failure; any success ends the count
//   fail           is not called again until somebody releases it
//   stop, report   are called on, but a plugin whose worker died or did not start five times in a row rests, too: 1, 2, 4 ...
//                  300 s, so that a worker that cannot live is not started for ever
//
// Errors, timeouts, crashes and kills are failures; what the host refused and what was cancelled is none. validate and health
// ask about a plugin and count for nothing; poll and aggregate are counted by each monitor for itself (jobs/monitors). Thread-safe; without failures, asking costs one atomic read.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "plugin/failure_policy.h"
#include "runtime/call.h"

namespace mortise::runtime {

// A plugin that is not called for now.
struct Quarantine {
  std::uint32_t failures = 0;  // in a row
  std::optional<Time> until;   // nothing: until it is released
  std::string last_error;
};

class FailureGate {
 public:
  [[nodiscard]] static bool counts(Operation operation) noexcept;
  explicit FailureGate(plugin::FailurePolicy policy) : record_(policy) {}

  // Error{busy} "plugin 'x' is quarantined until ..." when it may not be called now.
  [[nodiscard]] std::optional<Error> refusal(const std::string& plugin);
  // True when it rests from now on.
  bool ended(Operation operation, const Outcome& outcome);
  [[nodiscard]] std::optional<Quarantine> quarantine() const;
  [[nodiscard]] std::uint32_t failures_in_a_row() const;
  // It may be called at once, and its count begins anew. False when it did not rest.
  bool release();
  // Of another generation: all begins anew.
  void begin(plugin::FailurePolicy policy);

 private:
  [[nodiscard]] std::optional<Quarantine> quarantine_locked() const;
  std::atomic<bool> uneasy_{false};  // it failed since it last went well
  mutable std::mutex mutex_;
  plugin::FailureRecord record_;
  std::string last_error_;
};

}  // namespace mortise::runtime
