// Tallies: what is counted of each plugin since the start of the process: its calls, how they ended, what they took; and the gate
// that says whether it rests after failures. Thread-safe; a call that is counted costs a shared lock and a few atomic additions.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/failure_policy.h"
#include "runtime/failure_gate.h"
#include "runtime/latencies.h"
#include "runtime/runtime.h"

namespace mortise::runtime {

class Instance;
class Pool;

class Tallies {
 public:
  // The gate of a plugin, made on the first question about it.
  [[nodiscard]] FailureGate& gate_of(const plugin::Descriptor& descriptor) { return of(descriptor).gate; }
  // Absent when the plugin does not rest, or was never called.
  [[nodiscard]] std::optional<Quarantine> quarantine(std::string_view id) const;

  // True when the plugin rests from now on.
  bool count(const plugin::Descriptor& descriptor, Operation operation, const Outcome& outcome);
  // `how` a worker started: see Instance::start_told.
  void count_start(const plugin::Descriptor& descriptor, std::string how);
  // Of an instance at its end: what it used stays counted.
  void keep_use_of(const Instance& instance);

  [[nodiscard]] std::vector<PluginStats> stats(const Pool& pool) const;

 private:
  struct Tally {
    explicit Tally(plugin::FailurePolicy policy) : gate(policy) {}
    FailureGate gate;
    std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Ended::denied) + 1> endings{};
    std::atomic<std::int64_t> cpu_microseconds{0};  // of instances that ended
    std::atomic<std::uint64_t> memory_peak{0};
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> failures{0};
    std::atomic<std::uint64_t> bytes_copied{0};
    Latencies latencies;
    Latencies cpu;
    std::atomic<std::uint64_t> starts{0}, warm_starts{0};
    mutable std::mutex last_start_mutex;
    std::string last_start;
  };

  Tally& of(const plugin::Descriptor& descriptor);
  static PluginStats stats_of(const std::string& id, const Tally& tally);

  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<Tally>, std::less<>> tallies_;
};

}  // namespace mortise::runtime
