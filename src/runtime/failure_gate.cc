#include "runtime/failure_gate.h"

#include "base/clock.h"

namespace mortise::runtime {
namespace {

using Clock = plugin::FailureRecord::Clock;
using plugin::Failure;

std::optional<Failure> failure_of(const Outcome& outcome) {
  switch (outcome.ended) {
    case Ended::crashed:
    case Ended::killed: return Failure::worker_lost;
    case Ended::error:
      return outcome.pid == 0 ? Failure::worker_lost : Failure::plain;  // 0: it did not start
    case Ended::timeout: return Failure::plain;
    case Ended::ok:
    case Ended::cancelled:
    case Ended::denied: return std::nullopt;
  }
  return std::nullopt;
}

std::string moment_text(Time time) {
  const std::string text = to_rfc3339_milliseconds(time);
  return text.substr(0, text.find('.')) + "Z";
}

}  // namespace

bool FailureGate::counts(Operation operation) noexcept {
  return operation != Operation::validate && operation != Operation::health && operation != Operation::poll &&
         operation != Operation::aggregate;
}

std::optional<Error> FailureGate::refusal(const std::string& plugin) {
  if (!uneasy_.load(std::memory_order_acquire)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto rest = quarantine_locked();
  if (!rest) return std::nullopt;
  const std::string count = std::to_string(rest->failures) + (rest->failures == 1 ? " failure" : " failures in a row");
  const std::string when = rest->until ? "is quarantined until " + moment_text(*rest->until) : "is out of service";
  Error error(Code::busy, "plugin '" + plugin + "' " + when + " after " + count + "; the last: " + rest->last_error,
              (rest->until ? "wait until then, or lift it: " : "mend it, then lift it: ") + ("mortise plugin release " + plugin));
  error.with("plugin", plugin);
  if (rest->until) error.with("until", to_rfc3339(*rest->until));
  return error;
}

bool FailureGate::ended(Operation operation, const Outcome& outcome) {
  if (!counts(operation)) return false;
  if (outcome.ok()) {
    if (!uneasy_.load(std::memory_order_acquire)) return false;
    const std::lock_guard lock(mutex_);
    record_.succeeded();
    uneasy_.store(false, std::memory_order_release);
    return false;
  }
  const auto failure = failure_of(outcome);
  if (!failure) return false;
  const std::lock_guard lock(mutex_);
  last_error_ = outcome.error ? outcome.error->what() : std::string(name_of(outcome.ended));
  const plugin::Reaction reaction = record_.failed(Clock::now(), *failure);
  uneasy_.store(true, std::memory_order_release);
  return reaction == plugin::Reaction::quarantine || reaction == plugin::Reaction::fail_plugin;
}

std::optional<Quarantine> FailureGate::quarantine() const {
  if (!uneasy_.load(std::memory_order_acquire)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return quarantine_locked();
}

std::optional<Quarantine> FailureGate::quarantine_locked() const {
  const auto now_steady = Clock::now();
  if (record_.out_of_service()) return Quarantine{record_.failures_in_a_row(), std::nullopt, last_error_};
  const auto until = record_.quarantined_until(now_steady);
  if (!until) return std::nullopt;
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(*until - now_steady);
  return Quarantine{record_.failures_in_a_row(), Time{now().nanoseconds + left.count()}, last_error_};
}

std::uint32_t FailureGate::failures_in_a_row() const {
  const std::lock_guard lock(mutex_);
  return record_.failures_in_a_row();
}

bool FailureGate::release() {
  const std::lock_guard lock(mutex_);
  const bool rested = quarantine_locked().has_value();
  record_.succeeded();
  uneasy_.store(false, std::memory_order_release);
  return rested;
}

void FailureGate::begin(plugin::FailurePolicy policy) {
  const std::lock_guard lock(mutex_);
  record_ = plugin::FailureRecord(policy);
  uneasy_.store(false, std::memory_order_release);
}

}  // namespace mortise::runtime
