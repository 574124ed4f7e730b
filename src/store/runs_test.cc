#include "store/runs.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "store/connection.h"
#include "store/database.h"

using namespace mortise;
using namespace mortise::store;

namespace {

struct Store {
  Store() : database(path + "/m.db") {}
  ~Store() { std::filesystem::remove_all(path); }

  template <typename Action>
  auto write(Action action) {
    return database
        .write(Durability::normal,
               [&](Connection& c) {
                 RunStore runs(c);
                 return action(runs);
               })
        .get();
  }
  template <typename Action>
  auto read(Action action) {
    return database.read([&](Connection& c) {
      RunStore runs(c);
      return action(runs);
    });
  }
  void add(const char* id, const char* pipeline, const char* state) {
    write([&](RunStore& runs) {
      runs.add({.id = id,
                .kind = "pipeline",
                .name = pipeline,
                .source = "f.yaml",
                .state = state,
                .created = Time{5},
                .started = {},
                .finished = {},
                .error = {},
                .owner_pid = 1,
                .owner_mark = "m"});
    });
  }
  RunRow get(const char* id) {
    return read([&](RunStore& runs) { return runs.find(id); }).value_or(RunRow{});
  }
  std::string ids(const RunQuery& query) {
    std::string all;
    for (const RunRow& run : read([&](RunStore& runs) { return runs.list(query); })) all += run.id + " ";
    return all;
  }

  char folder[32] = "/tmp/mortise-runs-XXXXXX";
  std::string path = ::mkdtemp(folder);
  Database database;
};

}  // namespace

TEST_CASE("a run row comes back as it went in") {
  Store store;
  const RunRow row{"r1",
                   "pipeline",
                   "w\xC3\xA9"
                   "ather",
                   "f.yaml",
                   "queued",
                   Time{-1},
                   Time{2},
                   std::nullopt,
                   "{\"a\":1}",
                   42,
                   "boot 7"};
  store.write([&](RunStore& runs) { runs.add(row); });
  const RunRow found = store.get("r1");
  CHECK(found.name == row.name);
  CHECK(found.created == Time{-1});
  CHECK(found.started == Time{2});
  CHECK_FALSE(found.finished);
  CHECK(found.error == row.error);
  CHECK(found.owner_pid == 42);
  CHECK(found.owner_mark == "boot 7");
  CHECK_FALSE(store.read([](RunStore& runs) { return runs.find("r2"); }));
}

TEST_CASE("runs are listed newest first, by state, name, page and any of them together") {
  Store store;
  store.add("r1", "a", "queued");
  store.add("r2", "b", "running");
  store.add("r3", "a", "running");
  store.add("r4", "a'; DROP TABLE runs; --", "running");
  CHECK(store.ids({}) == "r4 r3 r2 r1 ");
  CHECK(store.ids({.limit = 2}) == "r4 r3 ");
  CHECK(store.ids({.before = "r3"}) == "r2 r1 ");
  CHECK(store.ids({.state = "running"}) == "r4 r3 r2 ");
  CHECK(store.ids({.name = "a"}) == "r3 r1 ");
  CHECK(store.ids({.state = "running", .name = "a", .before = "r4", .limit = 5}) == "r3 ");
  CHECK(store.ids({.name = "a'; DROP TABLE runs; --"}) == "r4 ");
  CHECK(store.ids({.limit = 0}).empty());
}

TEST_CASE("a run moves only from the state that it is in") {
  Store store;
  store.add("r1", "a", "queued");
  CHECK(store.write([](RunStore& runs) { return runs.move("r1", "queued", "running", Time{7}, {}, ""); }));
  CHECK_FALSE(store.write([](RunStore& runs) { return runs.move("r1", "queued", "failed", {}, {}, ""); }));
  CHECK(store.write([](RunStore& runs) { return runs.move("r1", "running", "failed", {}, Time{9}, "{}"); }));
  const RunRow run = store.get("r1");
  CHECK(run.state == "failed");
  CHECK(run.started == Time{7});
  CHECK(run.finished == Time{9});
}

TEST_CASE("attempts of a step take the place of the pending row and keep its name") {
  Store store;
  store.add("r1", "a", "running");
  store.write([](RunStore& runs) {
    StepRow step;
    step.name = "read";
    step.plugin = "Input.file";
    step.state = "pending";
    runs.add("r1", step);
    runs.begin_attempt("r1", 0, 1, "running", Time{10});
  });
  StepRow end;
  end.attempt = 1;
  end.state = "failed";
  end.finished = Time{20};
  end.elapsed_ns = 10;
  end.bytes_copied = 0xFFFFFFFFFFFFFFFFU;
  end.rows = 0;
  end.error = "{}";
  CHECK(store.write([&](RunStore& runs) { return runs.end_attempt("r1", end); }));
  store.write([](RunStore& runs) { runs.begin_attempt("r1", 0, 2, "running", Time{30}); });
  const auto steps = store.read([](RunStore& runs) { return runs.steps("r1"); });
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].attempt == 1);
  CHECK(steps[0].state == "failed");
  CHECK(steps[0].started == Time{10});
  CHECK(steps[0].rows == 0);
  CHECK(steps[0].bytes_copied == 0xFFFFFFFFFFFFFFFFU);
  CHECK(steps[1].attempt == 2);
  CHECK(steps[1].name == "read");
  CHECK(steps[1].plugin == "Input.file");
  CHECK_FALSE(steps[1].rows);
  end.attempt = 3;
  CHECK_FALSE(store.write([&](RunStore& runs) { return runs.end_attempt("r1", end); }));
  CHECK_THROWS_AS(store.write([](RunStore& runs) { runs.begin_attempt("r1", 9, 1, "running", Time{1}); }), Error);
  store.write([](RunStore& runs) { runs.move_steps("r1", "running", "interrupted", Time{40}); });
  CHECK(store.read([](RunStore& runs) { return runs.steps("r1"); })[1].finished == Time{40});
}

TEST_CASE("log lines are paged by their number, for one step or all") {
  Store store;
  store.add("r1", "a", "running");
  store.write([](RunStore& runs) {
    for (std::uint64_t n = 1; n <= 10; ++n) {
      runs.add("r1", StepLogRow{n, static_cast<std::uint32_t>(n % 2), "info", Time{static_cast<std::int64_t>(n)},
                                "line " + std::to_string(n), ""});
    }
  });
  const auto numbers = [&](std::optional<std::uint32_t> step, std::uint64_t after, std::uint32_t limit) {
    std::string all;
    for (const StepLogRow& line : store.read([&](RunStore& runs) { return runs.logs("r1", step, after, limit); }))
      all += std::to_string(line.number) + " ";
    return all;
  };
  CHECK(numbers({}, 0, 3) == "1 2 3 ");
  CHECK(numbers({}, 8, 100) == "9 10 ");
  CHECK(numbers(1, 3, 2) == "5 7 ");
  CHECK(numbers({}, UINT64_MAX, 5).empty());
  CHECK(store.read([](RunStore& runs) { return runs.last_log_number("r1"); }) == 10);
  CHECK(store.read([](RunStore& runs) { return runs.last_log_number("r2"); }) == 0);
  CHECK_THROWS_AS(store.write([](RunStore& runs) {
    runs.add("r1", StepLogRow{1, 0, "info", Time{0}, "again", ""});
  }),
                  Error);
  CHECK_THROWS_AS(store.write([](RunStore& runs) {
    runs.add("nobody", StepLogRow{1, 0, "info", Time{0}, "x", ""});
  }),
                  Error);
}
