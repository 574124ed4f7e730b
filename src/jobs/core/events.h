// EventHub: what happens in runs, live, for whoever watches: a progress display, a server-sent event stream.
//
// Every run has a numbered sequence of events. A watcher starts at a sequence number of its choice and gets what was kept
// since, then what comes; one that falls behind the kept ones is told how many it missed (an event of type "missed" with
// {count}) and goes on from the oldest kept. The hub is memory only: what must last is in the run log.
//
// Thread-safe. Publishing never blocks on a watcher.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::jobs {

struct Event {
  std::string run;
  std::uint64_t sequence = 0;  // from 1, without gaps within a run
  std::string type;            // "run.started", "step.progress", ...; see docs/events.md
  Time time;
  Value data;  // a map
};

class EventHub {
 public:
  struct Limits {
    std::size_t kept_per_run = 4096;        // the newest; older ones are forgotten
    std::size_t bytes_per_run = 4U << 20U;  // of the kept ones together, roughly; the newest is kept whatever its size
    std::size_t finished_runs = 256;        // whose events are kept after their end
  };

  class Watch;

  EventHub() : EventHub(Limits{}) {}
  explicit EventHub(Limits limits) : limits_(limits) {}
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // The first event of a run makes its sequence. An event after the end begins it anew, with the numbers going on: the run was
  // taken up again.
  void publish(const std::string& run, std::string type, Value data);
  // No more events of this run: watchers that have seen all get the end.
  void finish(const std::string& run);

  // Events of one run from `after` + 1 on (0: all that is kept). A run that the hub does not know is at its end at once.
  [[nodiscard]] std::unique_ptr<Watch> watch(const std::string& run, std::uint64_t after = 0);

 private:
  struct Stream {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Event> kept;
    std::size_t bytes = 0;  // of all kept
    std::uint64_t last = 0;
    bool finished = false;
  };
  [[nodiscard]] std::shared_ptr<Stream> find(const std::string& run) const;

  const Limits limits_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Stream>> streams_;
  std::deque<std::string> finished_;  // oldest first
};

// One watcher. Not thread-safe itself; may outlive the hub's interest in the run, not the process.
class EventHub::Watch {
 public:
  enum class State { open, ended };

  // Events that are there, waiting up to `patience` for the first. Empty: none came in time, or the end (see state).
  [[nodiscard]] std::vector<Event> next(std::chrono::milliseconds patience);
  [[nodiscard]] State state() const noexcept { return state_; }

 private:
  friend class EventHub;
  Watch(std::string run, std::shared_ptr<Stream> stream, std::uint64_t after)
      : run_(std::move(run)), stream_(std::move(stream)), seen_(after) {
    if (stream_ == nullptr) state_ = State::ended;
  }
  std::string run_;
  std::shared_ptr<Stream> stream_;
  std::uint64_t seen_;
  State state_ = State::open;
};

}  // namespace mortise::jobs
