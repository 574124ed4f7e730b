#include "jobs/core/retention.h"

#include <doctest/doctest.h>

#include "base/clock.h"
#include "jobs/core/checkpoints.h"
#include "jobs/core/dead_letters.h"
#include "jobs/core/event_log.h"
#include "jobs/core/run_log.h"
#include "jobs/core/testing_folder.h"
#include "store/database.h"

using namespace mortise;
using namespace mortise::jobs;

namespace {

struct Fixture {
  TestFolder folder;
  store::Database database{folder.file("m.db")};
  RunLog runs{database, Log::null()};
  Vault vault{folder.file("key")};
  Checkpoints checkpoints{database, vault, folder.file("runs")};

  std::string run(const char* state) {
    const std::string id = runs.begin({"pipeline", "p", "", {{"a", "A"}}});
    runs.started(id);
    runs.step_started(id, 0, 1);
    StepEnd end;
    end.attempt = 1;
    end.state = "succeeded";
    end.kept = checkpoints.keep(id, 0, Value::map({{"x", Value::bytes(std::string(100'000, 'x'))}}));
    runs.step_ended(id, end);
    if (std::string_view(state) == "failed") {
      RunEnd failed;
      failed.state = state;
      failed.letters.push_back(letter_row({.run = id, .pipeline = "p"}, Error(Code::plugin, "no")));
      runs.finish(id, failed, {});
      database.flush();
    } else if (std::string_view(state) != "running") {
      runs.finish(id, state, nullptr);
    }
    return id;
  }
  Swept after(std::chrono::hours age, const RetentionPolicy& policy = {}) {
    return sweep(database, checkpoints, policy, Time{now().nanoseconds + std::chrono::nanoseconds(age).count()});
  }
  bool has_folder(const std::string& run) const { return std::filesystem::exists(folder.file("runs/" + run)); }
};

}  // namespace

TEST_CASE("outputs go first, runs later, and neither before its time") {
  Fixture f;
  const std::string id = f.run("succeeded");
  CHECK(f.after(std::chrono::hours(24 * 6)).outputs == 0);
  CHECK(f.has_folder(id));
  CHECK(f.after(std::chrono::hours(24 * 8)).outputs == 1);
  CHECK_FALSE(f.has_folder(id));
  CHECK(f.runs.find(id));
  CHECK(f.after(std::chrono::hours(24 * 31)).runs == 1);
  CHECK_FALSE(f.runs.find(id));
  CHECK(f.runs.steps(id).empty());
}

TEST_CASE("what has not ended and what has an open dead letter stays, however old and many") {
  Fixture f;
  const std::string open = f.run("running"), interrupted = f.run("interrupted"), failed = f.run("failed");
  RetentionPolicy policy;
  policy.run_count = 0;
  const Swept swept = f.after(std::chrono::hours(24 * 80), policy);
  CHECK(swept.runs == 0);
  CHECK(swept.outputs == 0);
  CHECK(f.after(std::chrono::hours(24 * 91), policy).letters == 1);
  CHECK_FALSE(f.runs.find(failed));
  CHECK_FALSE(f.has_folder(failed));
  CHECK(f.runs.find(open));
  CHECK(f.runs.find(interrupted));
  CHECK(f.has_folder(interrupted));
}

TEST_CASE("of too many the oldest go") {
  Fixture f;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(f.run("succeeded"));
  RetentionPolicy policy;
  policy.run_count = 2;
  CHECK(f.after(std::chrono::hours(0), policy).runs == 3);
  CHECK_FALSE(f.runs.find(ids[2]));
  CHECK(f.runs.find(ids[3]));
  CHECK(f.runs.find(ids[4]));
  CHECK(f.after(std::chrono::hours(0), policy).runs == 0);

  EventLog events(f.database);
  for (int i = 0; i < 5; ++i) events.record({.type = "t", .source = "s"});
  policy.event_count = 2;
  CHECK(f.after(std::chrono::hours(0), policy).events == 3);
  CHECK(f.after(std::chrono::hours(24 * 31), policy).events == 2);
}

TEST_CASE("a folder that a dead process left behind is found") {
  Fixture f;
  std::filesystem::create_directories(f.folder.file("runs/run_GONE"));
  std::filesystem::create_directories(f.folder.file("runs/mine"));
  CHECK(f.after(std::chrono::hours(0)).folders == 1);
  CHECK_FALSE(f.has_folder("run_GONE"));
  CHECK(std::filesystem::exists(f.folder.file("runs/mine")));
}
