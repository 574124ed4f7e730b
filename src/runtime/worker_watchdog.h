// WorkerWatchdog: holds workers to their limits where no control group does.
//
// It looks at every worker, with all that descends from it or shares its session, ten times a second, and kills one that is over. Memory
// counts proportionally (what two processes share counts half for each) with the memory files that a worker holds beside the host's, which
// is dear to read, so it is read only where resident memory and files alone are over the limit. Looking takes at most a twentieth of one
// processor: with many processes it looks less often. While a worker has more than half of what it may, it looks up to a hundred times a
// second, and takes a quarter at most. It is slower than the kernel: a worker can be over its limit for a moment. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "os/process.h"

namespace mortise::runtime {

class WorkerWatchdog {
 public:
  struct Limits {
    std::uint64_t memory = 0;     // bytes; 0: not watched
    std::uint32_t processes = 0;  // 0: not watched
  };
  // What it had when it was over one of them.
  struct Excess {
    std::uint64_t memory = 0;
    std::uint32_t processes = 0;
  };
  using OnExcess = std::function<void(const Excess&)>;  // once, on the watchdog's thread; kills the worker

  WorkerWatchdog() = default;
  ~WorkerWatchdog();
  WorkerWatchdog(const WorkerWatchdog&) = delete;
  WorkerWatchdog& operator=(const WorkerWatchdog&) = delete;

  using Id = std::uint64_t;
  [[nodiscard]] Id watch(std::int64_t pid, Limits limits, OnExcess on_excess);
  void forget(Id id);  // waits for an OnExcess that runs, unless it is called by it

 private:
  struct Watched {
    std::int64_t pid;
    Limits limits;
    OnExcess on_excess;
  };
  void loop();
  [[nodiscard]] bool look();  // whether one is close to a limit

  std::mutex mutex_;
  std::condition_variable news_;
  std::map<Id, Watched> watched_;
  Id last_ = 0;
  bool stopping_ = false;
  bool telling_ = false;
  std::thread thread_;  // from the first worker on
};

}  // namespace mortise::runtime
