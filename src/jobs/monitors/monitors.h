// Monitors: the watches of a host.
//
// Each watch has an id. What it records and notes goes to the hub of live events under that id, its records to the event log
// too ("monitor.event", "monitor.segment"), and to a listener of whoever began it. Each event is in the log as soon as it comes, as
// "monitor.seen", so that it can start something (jobs/core/schedule.h). Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "jobs/monitors/watch.h"

namespace mortise::jobs {

class EventHub;
class EventLog;

class Monitors {
 public:
  static constexpr std::size_t most = 64;  // watches at a time: each is a thread

  // `host` is what monitors can ask of; it may be null.
  Monitors(runtime::Runtime& runtime, EventHub& hub, EventLog& events, const Log& log,
           std::shared_ptr<runtime::CallHost> host);
  ~Monitors();  // ends all
  Monitors(const Monitors&) = delete;
  Monitors& operator=(const Monitors&) = delete;

  // Its id. Throws Error{invalid}, or busy when there are too many. `also` may be null.
  std::string begin(WatchSpec spec, std::shared_ptr<WatchListener> also = nullptr);
  // Its last status. Error{not_found}. Blocks until the open segment is written.
  Value end(const std::string& id);
  void end_all() noexcept;

  [[nodiscard]] Value status(const std::string& id) const;  // {id, ...}, Error{not_found}
  [[nodiscard]] Value list() const;

 private:
  [[nodiscard]] std::shared_ptr<Watch> find(const std::string& id) const;

  runtime::Runtime& runtime_;
  EventHub& hub_;
  EventLog& events_;
  const Log log_;
  const std::shared_ptr<runtime::CallHost> host_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Watch>> watches_;
};

}  // namespace mortise::jobs
