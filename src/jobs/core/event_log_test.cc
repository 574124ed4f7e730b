#include "jobs/core/event_log.h"

#include <doctest/doctest.h>

#include <functional>

#include "jobs/core/testing_folder.h"
#include "store/database.h"

using namespace mortise;
using namespace mortise::jobs;

namespace {

struct Fixture {
  TestFolder folder;
  store::Database database{folder.file("m.db")};
  EventLog events{database};
  Alerts alerts{database, events};

  std::string types(const EventLog::Filter& filter) {
    std::string all;
    for (const EventRecord& event : events.list(filter)) all += event.type + " ";
    return all;
  }
};

Code code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return Code{0};
}

}  // namespace

TEST_CASE("events are kept with type, time, source and data, and found by each") {
  Fixture f;
  f.events.record(
      {.type = "run.failed", .source = "pipeline:a", .run = "run_1", .data = Value::map({{"x", 1}}), .time = Time{10}});
  f.events.record({.type = "run.cancelled", .source = "pipeline:b", .time = Time{20}});
  f.events.record({.type = "schedule.missed", .source = "schedule:c", .time = Time{30}});
  CHECK(f.types({}) == "schedule.missed run.cancelled run.failed ");
  CHECK(f.types({.type = "run.failed"}) == "run.failed ");
  CHECK(f.types({.type = "run."}) == "run.cancelled run.failed ");
  CHECK(f.types({.source = "pipeline:b"}) == "run.cancelled ");
  CHECK(f.types({.since = Time{15}, .until = Time{25}}) == "run.cancelled ");
  CHECK(f.types({.limit = 1}) == "schedule.missed ");
  const EventRecord first = f.events.list({.run = "run_1"}).at(0);
  CHECK(first.time == Time{10});
  CHECK(first.data == Value::map({{"x", 1}}));
  CHECK(f.types({.before = first.id}) == "");
}

TEST_CASE("an alert is open until somebody acknowledges and resolves it; another about the same subject counts") {
  Fixture f;
  const std::string id =
      f.alerts.raise({.subject = "disk", .severity = Severity::low, .title = "filling", .source = "monitor:disk"});
  CHECK(f.alerts.raise({.subject = "disk", .severity = Severity::high, .title = "full", .source = "monitor:disk"}) ==
        id);
  CHECK(f.alerts.get(id).occurrences == 2);
  CHECK(f.alerts.get(id).severity == "high");
  CHECK(f.alerts.get(id).state == "open");
  f.alerts.acknowledge(id, "on it");
  CHECK(code_of([&] { f.alerts.acknowledge(id, ""); }) == Code::conflict);
  CHECK(f.alerts.raise({.subject = "disk", .severity = Severity::critical, .title = "full", .source = "m"}) == id);
  CHECK(f.alerts.get(id).state == "acknowledged");
  f.alerts.resolve_subject("disk", "");
  CHECK(f.alerts.get(id).state == "resolved");
  CHECK(f.alerts.get(id).note == "on it");
  CHECK(code_of([&] { f.alerts.resolve(id, ""); }) == Code::conflict);
  const std::string again = f.alerts.raise({.subject = "disk", .title = "full", .source = "m"});
  CHECK(again != id);
  CHECK(f.alerts.list({.state = "unresolved"}).size() == 1);
  CHECK(f.alerts.list({.severity = "critical"}).size() == 1);
  CHECK(code_of([&] { (void)f.alerts.list({.state = "shut"}); }) == Code::invalid);
  CHECK(code_of([&] { (void)f.alerts.get("alert_0"); }) == Code::not_found);
  CHECK(f.types({.type = "alert."}) ==
        "alert.raised alert.resolved alert.raised alert.acknowledged alert.raised alert.raised ");
}
