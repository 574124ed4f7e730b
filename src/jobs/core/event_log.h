// EventLog and Alerts: what happened that somebody may want to know later, and what somebody must look at.
//
// An event has a type ("run.failed", "schedule.missed"), a time, a source ("schedule:nightly") and data. It is kept until
// retention removes it (retention.h). This is the durable record; the live events of one run are in events.h.
//
// An alert is about a subject: while one is not resolved, raising it again counts and brings it up to date, and makes no second.
//
//   open ──> acknowledged ──> resolved
//     └────────────────────────^
//
// Thread-safe. Recording an event returns at once; what is raised, acknowledged and resolved is on the disk when the call returns.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "mortise/value.hpp"
#include "store/events.h"

namespace mortise {
namespace store {
class Database;
}
}  // namespace mortise

namespace mortise::jobs {

struct NewEvent {
  std::string type;
  std::string source;
  std::string run = {};           // may be empty
  Value data = {};                // null or a map, clean of secrets
  std::optional<Time> time = {};  // absent: now
};

struct EventRecord {
  std::string id, type;
  Time time;
  std::string source, run;
  Value data;
};

class EventLog {
 public:
  explicit EventLog(store::Database& database) : database_(database) {}
  // Ids rise in the order in which events are recorded, so that "after this one" leaves none out.
  void record(const NewEvent& event);
  using Filter = store::EventQuery;
  [[nodiscard]] std::vector<EventRecord> list(const Filter& filter) const;  // newest first
  // Those of a type ("run." with a dot: of a family) that came after an id, oldest first.
  [[nodiscard]] std::vector<EventRecord> after(const std::string& id, const std::string& type, std::uint32_t limit) const;
  // What every event until now comes before, as an id.
  [[nodiscard]] static std::string present();

 private:
  std::mutex order_;
  store::Database& database_;
};

enum class Severity { low, medium, high, critical };
[[nodiscard]] std::string_view name_of(Severity severity) noexcept;
[[nodiscard]] std::optional<Severity> severity_named(std::string_view name) noexcept;

struct NewAlert {
  std::string subject;  // what it is about: "schedule:nightly"
  Severity severity = Severity::medium;
  std::string title;
  std::string source;
  Value data = {};
};

struct Alert {
  std::string id, subject, severity, state, title, source;
  Value data;
  std::int64_t occurrences = 1;
  Time raised, seen;  // the first and the last time
  std::optional<Time> acknowledged, resolved;
  std::string note;
};

class Alerts {
 public:
  Alerts(store::Database& database, EventLog& events) : database_(database), events_(events) {}
  // Its id. Raising, acknowledging and resolving are events, too.
  std::string raise(const NewAlert& alert);
  void acknowledge(const std::string& id,
                   const std::string& note);                     // Error{not_found}, Error{conflict}: it is not open
  void resolve(const std::string& id, const std::string& note);  // Error{not_found}, Error{conflict}: it is resolved
  void resolve_subject(const std::string& subject, const std::string& note);  // nothing when there is none
  using Filter = store::AlertQuery;
  [[nodiscard]] std::vector<Alert> list(const Filter& filter) const;  // newest first
  [[nodiscard]] Alert get(const std::string& id) const;               // Error{not_found}

 private:
  void tell(const char* type, const Alert& alert);
  store::Database& database_;
  EventLog& events_;
};

}  // namespace mortise::jobs
