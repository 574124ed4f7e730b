#include "jobs/core/run_log.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/log.h"
#include "jobs/core/owner.h"
#include "jobs/core/progress.h"
#include "jobs/core/run_state.h"
#include "store/connection.h"
#include "store/database.h"

using namespace mortise;
using namespace mortise::jobs;
using namespace std::chrono_literals;

namespace {

class Folder {
 public:
  Folder() : path_(::mkdtemp(name_)) {}
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file() const { return path_ + "/m.db"; }

 private:
  char name_[32] = "/tmp/mortise-jobs-XXXXXX";
  std::string path_;
};

const NewRun weather{"pipeline", "weather", "weather.yaml", {{"read", "Input.file"}, {"write", "Output.json"}}};

struct Fixture {
  Folder folder;
  store::Database database{folder.file()};
  RunLog runs{database, Log::null(), {.log_lines_per_step = 10, .log_bytes_per_step = 1'000}};
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

TEST_CASE("a run is told and asked for") {
  Fixture f;
  const std::string id = f.runs.begin(weather);
  CHECK(id.substr(0, 4) == "run_");
  CHECK(f.runs.find(id)->state == "queued");
  f.runs.started(id);
  f.runs.step_started(id, 0, 1);
  f.runs.step_log(id, 0, "info", "reading", Value::map({{"rows", 3}}));
  f.runs.step_ended(id, {.index = 0,
                         .attempt = 1,
                         .state = "failed",
                         .elapsed_ns = 5,
                         .worker_pid = 77,
                         .error = Value::map({{"message", "no"}})});
  f.runs.step_started(id, 0, 2);
  f.runs.step_ended(id, {.index = 0,
                         .attempt = 2,
                         .state = "succeeded",
                         .elapsed_ns = 6,
                         .rows = 1461,
                         .bytes_copied = 9,
                         .worker_pid = 78,
                         .outputs = Value::map({{"data", "table"}})});
  CHECK(f.runs.find(id)->state == "running");
  f.runs.finish(id, "succeeded", nullptr);

  const RunRecord run = *f.runs.find(id);
  CHECK(run.state == "succeeded");
  CHECK(run.name == "weather");
  CHECK(run.source == "weather.yaml");
  CHECK(run.owner_pid == ::getpid());
  REQUIRE(run.started);
  REQUIRE(run.finished);
  CHECK(run.created <= *run.started);
  CHECK(*run.started <= *run.finished);
  CHECK(run.error.is_null());

  const auto steps = f.runs.steps(id);
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].attempt == 1);
  CHECK(steps[0].state == "failed");
  CHECK(steps[0].error == Value::map({{"message", "no"}}));
  CHECK(steps[0].worker_pid == 77);
  CHECK(steps[1].rows == 1461);
  CHECK(steps[1].bytes_copied == 9);
  CHECK(steps[1].elapsed_ns == 6);
  CHECK(steps[1].outputs == Value::map({{"data", "table"}}));
  CHECK(steps[2].name == "write");
  CHECK(steps[2].attempt == 0);
  CHECK(steps[2].state == "skipped");
  const auto lines = f.runs.logs(id, -1, 0, 100);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].message == "reading");
  CHECK(lines[0].fields == Value::map({{"rows", 3}}));
}

TEST_CASE("illegal moves of a run are conflicts and change nothing") {
  Fixture f;
  const std::string id = f.runs.begin(weather);
  CHECK(code_of([&] { f.runs.step_started(id, 0, 1); }) == Code::conflict);
  CHECK(code_of([&] { f.runs.finish(id, "succeeded", nullptr); }) == Code::conflict);
  CHECK(code_of([&] { f.runs.finish(id, "running", nullptr); }) == Code::invalid);
  CHECK(code_of([&] { f.runs.finish(id, "exploded", nullptr); }) == Code::invalid);
  CHECK(code_of([&] { f.runs.step_ended(id, {.index = 0, .attempt = 0, .state = "running"}); }) == Code::invalid);
  CHECK(f.runs.find(id)->state == "queued");
  f.runs.started(id);
  CHECK(code_of([&] { f.runs.started(id); }) == Code::conflict);
  CHECK(code_of([&] { f.runs.step_started(id, 0, 0); }) == Code::invalid);
  f.runs.finish(id, "cancelled", Value::map({{"code", "cancelled"}}));
  CHECK(code_of([&] { f.runs.finish(id, "failed", nullptr); }) == Code::conflict);
  CHECK(code_of([&] { f.runs.started(id); }) == Code::conflict);
  CHECK(f.runs.find(id)->state == "cancelled");
  CHECK(f.runs.find(id)->error == Value::map({{"code", "cancelled"}}));
  CHECK(f.runs.steps(id)[1].state == "cancelled");
  CHECK(code_of([&] { f.runs.started("run_nobody"); }) == Code::not_found);
  CHECK_FALSE(f.runs.find("run_nobody"));
}

TEST_CASE("every move between states is as the table says") {
  const auto all = {RunState::queued, RunState::running,   RunState::succeeded,
                    RunState::failed, RunState::cancelled, RunState::interrupted};
  std::string legal;
  for (const RunState from : all) {
    CHECK(run_state_named(name_of(from)) == from);
    for (const RunState to : all) {
      if (may_move(from, to)) legal += std::string(name_of(from)) + ">" + std::string(name_of(to)) + " ";
    }
  }
  CHECK(legal ==
        "queued>running queued>failed queued>cancelled queued>interrupted "
        "running>succeeded running>failed running>cancelled running>interrupted "
        "failed>running cancelled>running interrupted>running interrupted>failed interrupted>cancelled ");
  CHECK_FALSE(run_state_named("lost"));
}

TEST_CASE("the log of a step is bounded, and says how much is missing") {
  Fixture f;
  const std::string id = f.runs.begin(weather);
  f.runs.started(id);
  f.runs.step_started(id, 0, 1);
  for (int i = 0; i < 25; ++i) f.runs.step_log(id, 0, "info", "line " + std::to_string(i), nullptr);
  f.runs.step_log(id, 1, "info", std::string(1'001, 'x'), nullptr);
  f.runs.step_log(id, 1, "info", "small, but after a gap", nullptr);
  f.runs.step_ended(id, {.index = 0, .attempt = 1, .state = "succeeded"});
  f.runs.finish(id, "failed", nullptr);
  const auto first = f.runs.logs(id, 0, 0, 100);
  REQUIRE(first.size() == 11);
  CHECK(first[9].message == "line 9");
  CHECK(first[10].level == "warning");
  CHECK(first[10].message == "15 log lines of this step were dropped; it may keep 10 lines and 1000 bytes");
  CHECK(first[10].fields == Value::map({{"dropped", 15}}));
  const auto second = f.runs.logs(id, 1, 0, 100);
  REQUIRE(second.size() == 1);
  CHECK(second[0].fields == Value::map({{"dropped", 2}}));
  f.runs.step_log(id, 0, "info", "after the end", nullptr);
  CHECK(f.runs.logs(id, -1, 0, 100).size() == 12);
}

TEST_CASE("whatever a plugin prints can be kept and read") {
  Fixture f;
  const std::string id = f.runs.begin(weather);
  f.runs.started(id);
  const Value odd = Value::map({{"\xFF", 1}, {"\xFE", 2}});
  f.runs.step_log(id, 0, "error", std::string_view("a\0b\xFF \xC3\xA9", 7), odd);
  f.runs.step_log(id, 0, "info", "", Value::map({{"n", -0.0}, {"big", INT64_MAX}}));
  const auto lines = f.runs.logs(id, -1, 0, 10);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].message ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD \xC3\xA9");
  CHECK(lines[0].fields.is(Kind::string));
  CHECK(lines[1].fields.at("big").as_int64() == INT64_MAX);
}

TEST_CASE("runs are listed newest first with filters and pages") {
  Fixture f;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(f.runs.begin({"pipeline", i % 2 == 0 ? "even" : "odd", "", {}}));
    std::this_thread::sleep_for(1ms);
  }
  f.runs.started(ids[4]);
  const auto listed = [&](const RunLog::Filter& filter) {
    std::vector<std::string> found;
    for (const RunRecord& run : f.runs.list(filter)) found.push_back(run.id);
    return found;
  };
  CHECK(listed({}) == std::vector<std::string>(ids.rbegin(), ids.rend()));
  CHECK(listed({.state = "running"}) == std::vector<std::string>{ids[4]});
  CHECK(listed({.name = "odd"}) == std::vector<std::string>{ids[3], ids[1]});
  CHECK(listed({.limit = 2, .before = ids[3]}) == std::vector<std::string>{ids[2], ids[1]});
  CHECK(code_of([&] { (void)listed({.state = "lost"}); }) == Code::invalid);
}

TEST_CASE("opening marks the runs of a dead process as interrupted, and leaves those of a living one alone") {
  const Folder folder;
  std::array<int, 2> told{};
  REQUIRE(::pipe(told.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    store::Database database(folder.file());
    RunLog runs(database, Log::null());
    (void)runs.begin(weather);
    const std::string id = runs.begin(weather);
    runs.started(id);
    runs.step_started(id, 0, 1);
    database.flush();
    if (::write(told[1], id.data(), id.size()) < 0) ::_exit(1);
    ::pause();
  }
  char text[30];
  REQUIRE(::read(told[0], text, sizeof text) == sizeof text);
  const std::string id(text, sizeof text);
  store::Database database(folder.file());
  {
    const RunLog runs(database, Log::null());
    CHECK(runs.find(id)->state == "running");
    CHECK(runs.find(id)->owner_pid == child);
  }
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);  // dead, and not even reaped
  const RunLog runs(database, Log::null());
  ::waitpid(child, nullptr, 0);
  const RunRecord run = *runs.find(id);
  CHECK(run.state == "interrupted");
  CHECK(run.finished);
  CHECK(run.error.at("message").as_string() == "the process that ran it (pid " + std::to_string(child) + ") died");
  CHECK(runs.steps(id)[0].state == "interrupted");
  CHECK(runs.steps(id)[1].state == "pending");
  for (const RunRecord& each : runs.list()) CHECK(each.state == "interrupted");
  CHECK(runs.list().size() == 2);
}

TEST_CASE("an owner is a process, not a number") {
  Owner owner = Owner::this_process();
  CHECK(owner.is_alive());
  owner.mark += "1";
  CHECK_FALSE(owner.is_alive());
  CHECK_FALSE(Owner{::getpid(), ""}.is_alive());
  CHECK_FALSE(Owner{0x7FFFFFFF, ""}.is_alive());
}

TEST_CASE("many steps of many runs are told at once") {
  Folder folder;
  store::Database database(folder.file());
  RunLog runs(database, Log::null());
  std::vector<std::thread> threads;
  std::vector<std::string> ids(4);
  for (std::string& id : ids) {
    threads.emplace_back([&runs, &id] {
      id = runs.begin(weather);
      runs.started(id);
      runs.step_started(id, 0, 1);
      for (int i = 0; i < 200; ++i) runs.step_log(id, 0, "info", "line", Value::map({{"i", i}}));
      runs.step_ended(id, {.index = 0, .attempt = 1, .state = "succeeded"});
      runs.finish(id, "succeeded", nullptr);
    });
  }
  for (int i = 0; i < 20; ++i) (void)runs.list();
  for (std::thread& thread : threads) thread.join();
  for (const std::string& id : ids) {
    const auto lines = runs.logs(id, -1, 0, 1'000);
    REQUIRE(lines.size() == 200);
    for (std::size_t i = 0; i < lines.size(); ++i)
      CHECK(lines[i].fields.at("i").as_int64() == static_cast<std::int64_t>(i));
  }
}

TEST_CASE("a full disk is told once in the log, throws where the caller waits, and ends when there is room") {
  Folder folder;
  std::vector<std::string> told;
  const Log log(Log::Options{
      Log::Format::text, Log::Level::info, {}, 0, 0, [&](std::string_view line) { told.emplace_back(line); }});
  store::Database database(folder.file());
  RunLog runs(database, log);
  const std::string id = runs.begin(weather);
  runs.started(id);
  database.write(store::Durability::normal, [](store::Connection& c) { c.execute("PRAGMA max_page_count = 1"); }).get();
  for (int i = 0; i < 50; ++i) runs.step_log(id, 0, "info", std::string(20'000, 'x'), nullptr);
  database.flush();
  REQUIRE(told.size() == 1);
  CHECK(told[0].find("the run log cannot be written") != std::string::npos);
  CHECK(told[0].find("no space is left for the database") != std::string::npos);
  database.write(store::Durability::normal, [](store::Connection& c) { c.execute("PRAGMA max_page_count = 100000"); })
      .get();
  runs.step_log(id, 0, "info", "again", nullptr);
  runs.finish(id, "succeeded", nullptr);
  CHECK(told.size() == 2);
  CHECK(runs.find(id)->state == "succeeded");
}

TEST_CASE("progress is thinned out, but its beginning and its end pass") {
  ProgressGate gate(100ms);
  const ProgressGate::Clock::time_point start = ProgressGate::Clock::now();
  CHECK(gate.passes(0.0, start));
  CHECK_FALSE(gate.passes(0.1, start + 50ms));
  CHECK(gate.passes(0.2, start + 100ms));
  CHECK_FALSE(gate.passes(-1, start + 150ms));
  CHECK(gate.passes(1.0, start + 151ms));
  CHECK_FALSE(gate.passes(1.0, start + 400ms));
  CHECK(gate.passes(0.5, start + 500ms));
}
