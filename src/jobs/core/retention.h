// Retention: forgets what is old: runs and their folders, outputs, events, dead letters, resolved alerts.
//
// What has not ended is never forgotten, nor a run whose dead letter is open. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "mortise/value.hpp"

namespace mortise {
namespace store {
class Database;
}
}  // namespace mortise

namespace mortise::jobs {

class Checkpoints;

struct RetentionPolicy {
  using Age = std::chrono::seconds;  // 0: for ever
  using Hours = std::chrono::hours;
  Age runs = Hours(24 * 30);          // after their end
  std::uint64_t run_count = 100'000;  // the newest; older ones go whatever their age
  Age outputs = Hours(24 * 7);        // after the end of their run: for so long can it be repeated from a step
  Age events = Hours(24 * 30);
  std::uint64_t event_count = 1'000'000;
  Age letters = Hours(24 * 90);  // after their last change, open ones too
  Age alerts = Hours(24 * 90);   // after they were resolved
};

struct Swept {
  std::uint64_t runs = 0, outputs = 0, folders = 0, events = 0, letters = 0, alerts = 0;
};

// Once, now. In portions, so that other writers come in between.
Swept sweep(store::Database& database, const Checkpoints& checkpoints, const RetentionPolicy& policy, Time now);

// Sweeps at its beginning and then every ten minutes, on a thread of its own.
class Sweeper {
 public:
  Sweeper(store::Database& database, const Checkpoints& checkpoints, const Log& log, const RetentionPolicy& policy);
  ~Sweeper();
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;
  void set_policy(const RetentionPolicy& policy);  // sweeps soon

 private:
  void loop();
  store::Database& database_;
  const Checkpoints& checkpoints_;
  const Log log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  RetentionPolicy policy_;
  bool stopping_ = false, woken_ = false;
  std::thread thread_;
};

}  // namespace mortise::jobs
