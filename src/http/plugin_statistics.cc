#include "http/plugin_statistics.h"

#include "base/clock.h"
#include "http/openapi.h"

namespace mortise::http {

using namespace schema;

namespace {

double milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

Value plugin_statistics(const runtime::Runtime& runtime, const std::string& id) {
  runtime::PluginStats stats;
  for (runtime::PluginStats& one : runtime.stats()) {
    if (one.plugin == id) stats = std::move(one);
  }
  Value endings = Value::map();
  for (const auto& [ended, count] : stats.endings) endings.set(ended, count);
  return Value::map({{"calls", stats.calls},
                     {"failures", stats.failures},
                     {"endings", endings},
                     {"failures_in_a_row", stats.failures_in_a_row},
                     {"restarts", stats.restarts},
                     {"starts", stats.starts},
                     {"warm_starts", stats.warm_starts},
                     {"last_start", stats.last_start},
                     {"waiting", stats.waiting},
                     {"bytes_copied", stats.bytes_copied},
                     {"p50_ms", milliseconds(stats.p50)},
                     {"p95_ms", milliseconds(stats.p95)},
                     {"p99_ms", milliseconds(stats.p99)},
                     {"longest_ms", milliseconds(stats.longest)},
                     {"cpu_p50_ms", milliseconds(stats.cpu_p50)},
                     {"cpu_p95_ms", milliseconds(stats.cpu_p95)},
                     {"cpu_p99_ms", milliseconds(stats.cpu_p99)},
                     {"cpu_seconds", std::chrono::duration<double>(stats.cpu).count()},
                     {"memory_bytes", stats.memory},
                     {"memory_peak_bytes", stats.memory_peak},
                     {"quarantine", quarantine_value(stats.quarantine)}});
}

Value statistics_schema() {
  return object({{"calls", integer("that ended")},
                 {"failures", integer("that did not end ok")},
                 {"endings", object({{"error", integer()}, {"timeout", integer()}, {"crashed", integer()}, {"killed", integer()}})},
                 {"failures_in_a_row", integer()},
                 {"restarts", integer("workers that had to be replaced")},
                 {"starts", integer("of workers")},
                 {"warm_starts", integer("of them those that were forked from a zygote")},
                 {"last_start", string("`zygote`, or `program: ` and why not from one; empty: no worker was started")},
                 {"waiting", integer("calls that wait for an instance now")},
                 {"bytes_copied", integer()},
                 {"p50_ms", number()},
                 {"p95_ms", number()},
                 {"p99_ms", number()},
                 {"longest_ms", number()},
                 {"cpu_p50_ms", number("processor time of a call that took 0.2 ms or longer")},
                 {"cpu_p95_ms", number()},
                 {"cpu_p99_ms", number()},
                 {"cpu_seconds", number("of all its workers so far, with what they started")},
                 {"memory_bytes", integer("of its workers now")},
                 {"memory_peak_bytes", integer("the highest of any of its workers")},
                 {"quarantine", quarantine_schema()}},
                {"calls", "failures", "restarts", "waiting"});
}

Value quarantine_value(const std::optional<runtime::Quarantine>& quarantine) {
  if (!quarantine) return Value();
  return Value::map({{"failures", quarantine->failures},
                     {"until", quarantine->until ? Value(to_rfc3339_milliseconds(*quarantine->until)) : Value()},
                     {"last_error", quarantine->last_error}});
}

Value quarantine_schema() {
  return nullable(object({{"failures", integer("in a row")},
                          {"until", nullable(time("null: until it is released"))},
                          {"last_error", string()}},
                         {"failures", "until", "last_error"}));
}

}  // namespace mortise::http
