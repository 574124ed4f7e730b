// The tables of events and alerts, as types. What they mean is known to src/jobs/core. JSON columns are text ("" for none).
//
// The writing functions are for use within a work given to Database::write; the finding ones within Database::read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {

class Connection;

struct EventRow {
  std::string id, type;
  Time time;
  std::string source, run, data;
};

struct EventQuery {
  std::string type = {};    // empty: any; "run." with a dot at its end: all that begin so
  std::string source = {};  // empty: any
  std::string run = {};     // empty: any
  std::optional<Time> since = {}, until = {};
  std::string before = {};  // id: older ones only
  std::uint32_t limit = 100;
};

class EventStore {
 public:
  explicit EventStore(Connection& connection) : connection_(connection) {}
  void add(const EventRow& event);
  [[nodiscard]] std::vector<EventRow> list(const EventQuery& query);  // newest first
  // Those of a type (as in a query) that came after an id, oldest first.
  [[nodiscard]] std::vector<EventRow> after(const std::string& id, const std::string& type, std::uint32_t limit);

 private:
  Connection& connection_;
};

struct AlertRow {
  std::string id, subject, severity, state, title, source, data;
  std::int64_t occurrences = 1;
  Time raised, seen;
  std::optional<Time> acknowledged, resolved;
  std::string note;
};

struct AlertQuery {
  std::string state = {};     // empty: any; "unresolved": open and acknowledged
  std::string severity = {};  // empty: any
  std::string subject = {};   // empty: any
  std::string before = {};
  std::uint32_t limit = 100;
};

class AlertStore {
 public:
  explicit AlertStore(Connection& connection) : connection_(connection) {}
  // One for each subject that is not resolved: a second one counts, and brings severity, title and data up to date. Its id.
  [[nodiscard]] std::string raise(const AlertRow& alert);
  [[nodiscard]] bool acknowledge(const std::string& id, std::string_view note, Time at);  // false: it is not open
  [[nodiscard]] bool resolve(const std::string& id, std::string_view note, Time at);      // false: it is resolved
  [[nodiscard]] std::optional<AlertRow> find(const std::string& id);
  [[nodiscard]] std::optional<AlertRow> unresolved(const std::string& subject);
  [[nodiscard]] std::vector<AlertRow> list(const AlertQuery& query);  // newest first

 private:
  Connection& connection_;
};

}  // namespace mortise::store
