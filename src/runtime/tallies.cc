#include "runtime/tallies.h"

#include <algorithm>

#include "plugin/descriptor.h"
#include "runtime/instance.h"
#include "runtime/pool.h"

namespace mortise::runtime {
namespace {

void raise(std::atomic<std::uint64_t>& highest, std::uint64_t value) noexcept {
  std::uint64_t known = highest.load(std::memory_order_relaxed);
  while (value > known && !highest.compare_exchange_weak(known, value, std::memory_order_relaxed)) {
  }
}

// Of all running instances of a plugin together.
std::map<std::string, Use, std::less<>> uses_in(const Pool& pool) {
  std::map<std::string, Use, std::less<>> all;
  for (const auto& instance : pool.instances()) {
    const Use use = instance->use();
    Use& sum = all[instance->descriptor().id];
    sum.cpu += use.cpu;
    sum.memory += use.memory;
    sum.memory_peak = std::max(sum.memory_peak, use.memory_peak);
  }
  return all;
}

}  // namespace

std::optional<Quarantine> Tallies::quarantine(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto found = tallies_.find(id);
  return found == tallies_.end() ? std::nullopt : found->second->gate.quarantine();
}

bool Tallies::count(const plugin::Descriptor& descriptor, Operation operation, const Outcome& outcome) {
  Tally& tally = of(descriptor);
  tally.endings[static_cast<std::size_t>(outcome.ended)].fetch_add(1, std::memory_order_relaxed);
  if (outcome.cpu.count() != 0) tally.cpu.add(outcome.cpu);
  if (outcome.memory_peak != 0) raise(tally.memory_peak, outcome.memory_peak);
  tally.calls.fetch_add(1, std::memory_order_relaxed);
  if (!outcome.ok()) tally.failures.fetch_add(1, std::memory_order_relaxed);
  if (outcome.bytes_copied != 0) tally.bytes_copied.fetch_add(outcome.bytes_copied, std::memory_order_relaxed);
  tally.latencies.add(outcome.elapsed);
  return tally.gate.ended(operation, outcome);
}

void Tallies::count_start(const plugin::Descriptor& descriptor, std::string how) {
  Tally& tally = of(descriptor);
  tally.starts.fetch_add(1, std::memory_order_relaxed);
  if (how == "zygote") tally.warm_starts.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard lock(tally.last_start_mutex);
  tally.last_start = std::move(how);
}

void Tallies::keep_use_of(const Instance& instance) {
  const Use use = instance.use();
  Tally& tally = of(instance.descriptor());
  tally.cpu_microseconds.fetch_add(use.cpu.count(), std::memory_order_relaxed);
  raise(tally.memory_peak, use.memory_peak);
}

std::vector<PluginStats> Tallies::stats(const Pool& pool) const {
  std::vector<PluginStats> all;
  const auto uses = uses_in(pool);
  const std::shared_lock lock(mutex_);
  for (const auto& [id, tally] : tallies_) {
    PluginStats one = stats_of(id, *tally);
    one.restarts = pool.replaced(id);
    one.waiting = pool.waiting(id);
    if (const auto now = uses.find(id); now != uses.end()) {
      one.cpu += now->second.cpu;
      one.memory = now->second.memory;
      one.memory_peak = std::max(one.memory_peak, now->second.memory_peak);
    }
    all.push_back(std::move(one));
  }
  return all;
}

PluginStats Tallies::stats_of(const std::string& id, const Tally& tally) {
  PluginStats one;
  one.plugin = id;
  one.calls = tally.calls;
  one.failures = tally.failures;
  one.bytes_copied = tally.bytes_copied;
  one.p50 = tally.latencies.percentile(0.50);
  one.p95 = tally.latencies.percentile(0.95);
  one.p99 = tally.latencies.percentile(0.99);
  one.longest = tally.latencies.longest();
  for (std::size_t i = 1; i < tally.endings.size(); ++i) {
    const std::uint64_t count = tally.endings[i];
    if (count != 0) one.endings[std::string(name_of(static_cast<Ended>(i)))] = count;
  }
  one.cpu_p50 = tally.cpu.percentile(0.50);
  one.cpu_p95 = tally.cpu.percentile(0.95);
  one.cpu_p99 = tally.cpu.percentile(0.99);
  one.cpu = std::chrono::microseconds(tally.cpu_microseconds);
  one.memory_peak = tally.memory_peak;
  one.starts = tally.starts;
  one.warm_starts = tally.warm_starts;
  one.failures_in_a_row = tally.gate.failures_in_a_row();
  one.quarantine = tally.gate.quarantine();
  const std::lock_guard lock(tally.last_start_mutex);
  one.last_start = tally.last_start;
  return one;
}

Tallies::Tally& Tallies::of(const plugin::Descriptor& descriptor) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = tallies_.find(descriptor.id); found != tallies_.end()) return *found->second;
  }
  const std::unique_lock lock(mutex_);
  auto& tally = tallies_[descriptor.id];
  if (tally == nullptr) tally = std::make_unique<Tally>(descriptor.on_failure);
  return *tally;
}

}  // namespace mortise::runtime
