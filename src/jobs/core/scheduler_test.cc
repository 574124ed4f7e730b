#include "jobs/core/scheduler.h"

#include <doctest/doctest.h>

#include "base/clock.h"
#include "jobs/core/event_log.h"
#include "jobs/core/testing_folder.h"
#include "store/database.h"

using namespace mortise;
using namespace mortise::jobs;

namespace {

Time at(const std::string& text) { return parse_rfc3339(text).value(); }

// A house in which it is what time the test says; its runs end when the test says so.
struct House {
  TestFolder folder;
  store::Database database{folder.file("m.db")};
  RunLog runs{database, Log::null()};
  EventLog events{database};
  Time time = at("2026-01-01T00:00:00Z");
  std::vector<std::string> open;
  std::string started;  // the times that were kept, HH:MM:SS each
  std::optional<Error> refusal;
  Scheduler scheduler = make();

  Scheduler make() {
    return Scheduler(database, events, Log::null(),
                     {.start = [this](const Schedule&, const ScheduleSlot& slot, const EventRecord*) { return begin(slot); },
                      .cancel = [this](const std::string& run, const std::string&) { end(run, "cancelled"); },
                      .check = [](const Schedule&) {}},
                     [this] { return time; });
  }
  std::string begin(const ScheduleSlot& slot) {
    if (refusal) throw Error(*refusal);
    NewRun run{"pipeline", "p", "", {{"a", "A"}}};
    run.slot = slot;
    const std::string id = runs.begin(run);
    runs.started(id);
    open.push_back(id);
    started += to_rfc3339(slot.due).substr(11, 8) + " ";
    return id;
  }
  void end(const std::string& run, const char* state) {
    runs.finish(run, state, nullptr);
    std::erase(open, run);
  }
  void end_all() {
    for (const std::string& run : std::vector<std::string>(open)) end(run, "succeeded");
  }
  void add(const std::string& timing, Missed missed = Missed::once, Overlap overlap = Overlap::skip,
           std::uint32_t most = 10) {
    Schedule schedule;
    schedule.name = "s";
    schedule.request = Value::map({{"pipeline_name", "p"}});
    schedule.spec = {.timing = timing, .zone = "UTC", .missed = missed, .overlap = overlap, .most = most, .jitter = {}};
    (void)scheduler.add(schedule);
  }
  void happen(const std::string& type, const std::string& label) {
    events.record({.type = type, .source = "watch:w", .data = Value::map({{"label", label}}), .time = time});
  }
  void tick(const std::string& when) {
    time = at("2026-01-01T" + when + "Z");
    scheduler.tick();
  }
  std::string told() {
    std::string all;
    for (const EventRecord& event : events.list({.source = "schedule:s"})) {
      const Value* count = event.data.find("count");
      all = event.type + (count == nullptr ? "" : ":" + std::to_string(count->as_int64())) + " " + all;
    }
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

TEST_CASE("what is due is started once, for the time that it was due") {
  House house;
  house.add("*/5 * * * *");
  house.tick("00:04:59");
  CHECK(house.started == "");
  house.tick("00:05:00");
  house.tick("00:05:00");
  house.tick("00:05:01");
  house.end_all();
  house.tick("00:10:30");
  CHECK(house.started == "00:05:00 00:10:00 ");
  const Schedule schedule = house.scheduler.get("s");
  CHECK(schedule.next == at("2026-01-01T00:15:00Z"));
  CHECK(schedule.last == at("2026-01-01T00:10:00Z"));
  CHECK(house.runs.find(schedule.last_run)->schedule == "s");
  CHECK(house.runs.find(schedule.last_run)->due == at("2026-01-01T00:10:00Z"));
}

TEST_CASE("an interval counts from when the schedule was made") {
  House house;
  house.time = at("2026-01-01T00:00:07Z");
  house.add("every 90s");
  house.tick("00:01:36");
  CHECK(house.started == "");
  house.tick("00:01:37");
  house.end_all();
  house.tick("00:03:08");
  CHECK(house.started == "00:01:37 00:03:07 ");
}

TEST_CASE("times that were missed are skipped, made up for once, or all, as the schedule says") {
  {
    House house;
    house.add("0 * * * *", Missed::skip);
    house.tick("05:30:00");
    CHECK(house.started == "");
    CHECK(house.told() == "schedule.missed:5 ");
    house.tick("06:00:00");
    CHECK(house.started == "06:00:00 ");
  }
  {
    House house;
    house.add("0 * * * *", Missed::skip);
    house.tick("05:00:10");  // the last one is on time
    CHECK(house.started == "05:00:00 ");
    CHECK(house.told() == "schedule.missed:4 ");
  }
  {
    House house;
    house.add("0 * * * *", Missed::once);
    house.tick("05:30:00");
    CHECK(house.started == "05:00:00 ");
    CHECK(house.told() == "schedule.missed:4 ");
  }
  {
    House house;
    house.add("0 * * * *", Missed::all, Overlap::skip, 3);
    house.tick("05:30:00");
    CHECK(house.told() == "schedule.missed:2 ");
    for (int i = 0; i < 4; ++i) {  // one after the other
      CHECK(house.open.size() <= 1);
      house.end_all();
      house.tick("05:30:0" + std::to_string(i));
    }
    CHECK(house.started == "03:00:00 04:00:00 05:00:00 ");
  }
}

TEST_CASE("when the run of an earlier time has not ended, the time is skipped, waits, or ends that run") {
  {
    House house;
    house.add("* * * * *", Missed::once, Overlap::skip);
    house.tick("00:01:00");
    house.tick("00:02:00");
    house.end_all();
    house.tick("00:03:00");
    CHECK(house.started == "00:01:00 00:03:00 ");
    CHECK(house.told() == "schedule.skipped ");
  }
  {
    House house;
    house.add("* * * * *", Missed::once, Overlap::queue);
    house.tick("00:01:00");
    house.tick("00:02:00");
    house.tick("00:03:30");
    CHECK(house.started == "00:01:00 ");
    house.end_all();
    house.tick("00:03:31");
    CHECK(house.open.size() == 1);
    house.end_all();
    house.tick("00:03:32");
    CHECK(house.started == "00:01:00 00:02:00 00:03:00 ");
    CHECK(house.told() == "");
  }
  {
    House house;
    house.add("* * * * *", Missed::once, Overlap::cancel);
    house.tick("00:01:00");
    house.tick("00:02:00");
    CHECK(house.started == "00:01:00 00:02:00 ");
    CHECK(house.open.size() == 1);
    CHECK(house.runs.list({.state = "cancelled"}).size() == 1);
  }
}

TEST_CASE("no death of the process loses a time or starts two runs for it") {
  House house;
  house.add("*/5 * * * *");
  const Schedule before = house.scheduler.get("s");
  house.tick("00:05:00");
  house.end_all();
  const auto take_again = [&] { (void)house.begin({"s", *before.next, at("2026-01-01T00:10:00Z")}); };
  CHECK(code_of(take_again) == Code::conflict);
  CHECK(house.runs.list().size() == 1);
  Scheduler later = house.make();
  house.time = at("2026-01-01T00:05:30Z");
  later.tick();
  CHECK(house.started == "00:05:00 ");
  house.time = at("2026-01-01T00:10:00Z");
  later.tick();
  CHECK(house.started == "00:05:00 00:10:00 ");
}

TEST_CASE("a run that cannot begin is told and does not stop the schedule; a busy host is asked again") {
  House house;
  house.add("*/5 * * * *");
  house.refusal = Error(Code::not_found, "no pipeline 'p'");
  house.tick("00:05:00");
  CHECK(house.scheduler.get("s").problem == "no pipeline 'p'");
  CHECK(house.told() == "schedule.failed ");
  house.refusal = Error(Code::busy, "the disk is full");
  house.tick("00:10:00");
  house.refusal.reset();
  house.tick("00:10:20");
  CHECK(house.started == "00:10:00 ");
  CHECK(house.scheduler.get("s").problem == "");
}

TEST_CASE("a paused schedule starts nothing, and goes on with the next time from then") {
  House house;
  house.add("*/5 * * * *");
  house.scheduler.pause("s");
  house.tick("00:30:00");
  CHECK(house.started == "");
  house.scheduler.unpause("s");
  house.tick("00:31:00");
  CHECK(house.started == "");
  house.tick("00:35:00");
  CHECK(house.started == "00:35:00 ");
  CHECK(house.told() == "");
}

TEST_CASE("what pipeline files declare comes, changes and goes with them") {
  House house;
  Schedule declared;
  declared.name = "nightly";
  declared.spec.timing = "0 2 * * *";
  declared.origin = "/p.yaml";
  house.scheduler.declare({declared});
  CHECK(house.scheduler.get("nightly").next == at("2026-01-01T02:00:00Z"));
  house.scheduler.pause("nightly");
  declared.spec.timing = "0 3 * * *";
  house.scheduler.declare({declared});
  CHECK(house.scheduler.get("nightly").next == at("2026-01-01T03:00:00Z"));
  CHECK(house.scheduler.get("nightly").paused);
  house.add("@daily");
  house.scheduler.declare({});
  CHECK(house.scheduler.list().size() == 1);
  CHECK(house.scheduler.list()[0].name == "s");
}

TEST_CASE("jitter puts each time off by less than it says, always the same") {
  Schedule schedule;
  schedule.name = "s";
  schedule.spec.jitter = std::chrono::seconds(30);
  std::set<std::int64_t> seen;
  for (std::int64_t i = 0; i < 100; ++i) {
    const Time due{i * 60'000'000'000};
    const std::int64_t off = with_jitter(schedule, due).nanoseconds - due.nanoseconds;
    CHECK(off >= 0);
    CHECK(off < 30'000'000'000);
    CHECK(with_jitter(schedule, due).nanoseconds - due.nanoseconds == off);
    seen.insert(off);
  }
  CHECK(seen.size() > 90);
}

TEST_CASE("a schedule that cannot be is refused") {
  House house;
  CHECK(code_of([&] { house.add("30 2 30 2 *"); }) == Code::invalid);
  CHECK(code_of([&] { house.add("every 100ms"); }) == Code::invalid);
  CHECK(code_of([&] { house.add("every often"); }) == Code::invalid);
  house.add("@daily");
  CHECK(code_of([&] { house.add("@daily"); }) == Code::conflict);
  CHECK(code_of([&] { house.scheduler.remove("t"); }) == Code::not_found);
  const auto spec = [](const char* text) { return read_schedule_spec(parse_yaml(text, "t").at("schedule")); };
  CHECK(spec("schedule: 30 6 * * mon-fri").timing == "30 6 * * mon-fri");
  const ScheduleSpec full =
      spec("schedule: {every: 15m, zone: Europe/Berlin, missed: all, most: 3, overlap: cancel, jitter: 30s}");
  CHECK(full.timing == "every 15m");
  CHECK(full.missed == Missed::all);
  CHECK(full.overlap == Overlap::cancel);
  CHECK(full.jitter == std::chrono::seconds(30));
  CHECK(code_of([&] { (void)spec("schedule: {cron: '@daily', every: 1h}"); }) == Code::invalid);
  CHECK(code_of([&] { (void)spec("schedule: {cron: '@daily', zone: Mars/Olympus}"); }) == Code::invalid);
  CHECK(code_of([&] { (void)spec("schedule: {cron: '@daily', missed: perhaps}"); }) == Code::invalid);
}

TEST_CASE("an event starts a run once, in the order of the events, and only one that fits") {
  House house;
  house.happen("monitor.event", "window");
  house.add(R"(event {"event": "monitor.event", "data": {"label": "door"}})", Missed::all, Overlap::queue);
  CHECK(house.scheduler.get("s").next == std::nullopt);
  house.tick("00:00:01");
  CHECK(house.started == "");
  house.happen("monitor.event", "door");
  house.happen("monitor.event", "window");
  house.happen("monitor.note", "door");
  house.tick("00:00:02");
  house.tick("00:00:03");
  house.end_all();
  house.tick("00:00:04");
  CHECK(house.started == "00:00:01 ");
  house.happen("monitor.event", "door");
  house.time = at("2026-01-01T00:00:05Z");
  house.happen("monitor.event", "door");
  house.tick("00:00:06");
  CHECK(house.open.size() == 1);  // the other waits
  house.end_all();
  house.tick("00:00:07");
  house.end_all();
  house.tick("00:00:08");
  CHECK(house.started == "00:00:01 00:00:04 00:00:05 ");
  CHECK(house.told() == "");
}

TEST_CASE("events of one moment are taken each, and what comes while a run has not ended is passed over or ends that run") {
  House house;
  house.add("event monitor.", Missed::once, Overlap::skip);
  for (int i = 0; i < 4; ++i) house.happen("monitor.event", "door");
  house.tick("00:00:01");
  CHECK(house.open.size() == 1);
  CHECK(house.told() == "schedule.skipped:3 ");
  House other;
  other.add("event monitor.", Missed::once, Overlap::cancel);
  for (int i = 0; i < 3; ++i) other.happen("monitor.event", "door");
  other.tick("00:00:01");
  CHECK(other.open.size() == 1);
  CHECK(other.runs.list().size() == 3);
}

TEST_CASE("events that happened while no server ran are made up for as the schedule says, and no event is taken twice") {
  for (const auto& [missed, runs] : {std::pair{Missed::skip, 1U}, {Missed::once, 2U}, {Missed::all, 4U}}) {
    House house;
    house.add("event monitor.event", missed, Overlap::queue);
    for (int i = 0; i < 3; ++i) house.happen("monitor.event", "door");
    house.time = at("2026-01-01T01:00:00Z");
    house.happen("monitor.event", "door");  // on time
    Scheduler later = house.make();
    for (int i = 0; i < 6; ++i) {
      later.tick();
      house.end_all();
    }
    CHECK(house.runs.list().size() == runs);
    Scheduler last = house.make();
    last.tick();
    CHECK(house.runs.list().size() == runs);
  }
}

TEST_CASE("a schedule does not start itself, and what happened in a pause does not count") {
  House house;
  house.add("event run.", Missed::all, Overlap::queue);
  house.events.record({.type = "run.failed", .source = "pipeline:p", .data = Value::map({{"schedule", "s"}}), .time = house.time});
  house.events.record({.type = "run.failed", .source = "schedule:s", .time = house.time});
  house.tick("00:00:01");
  CHECK(house.started == "");
  house.scheduler.pause("s");
  house.happen("run.failed", "x");
  house.tick("00:00:02");
  house.scheduler.unpause("s");
  house.tick("00:00:03");
  CHECK(house.started == "");
  house.happen("run.failed", "x");
  house.tick("00:00:04");
  CHECK(house.started == "00:00:03 ");
}

TEST_CASE("a schedule has times or events, and says so") {
  const auto refused = [](const std::string& json) {
    return code_of([&] { (void)read_schedule_spec(parse_json_config(json, "t")); }) == Code::invalid;
  };
  CHECK(refused(R"({"event": "run.failed", "cron": "@daily"})"));
  CHECK(refused(R"({"event": "run.failed", "zone": "UTC"})"));
  CHECK(refused(R"({"event": "run.failed", "jitter": "1s"})"));
  CHECK(refused(R"({"every": "1s", "data": {"a": 1}})"));
  CHECK(refused(R"({"event": "no type"})"));
  CHECK(read_schedule_spec(parse_json_config(R"({"event": "run.failed"})", "t")).timing == "event run.failed");
}
