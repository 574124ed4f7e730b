// Many callers, cancels, deaths and ends at once. Meant for the sanitizers as much as for the checks themselves.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <random>

#include "runtime/scripted/house.h"

using namespace mortise;
using namespace mortise::runtime;
using namespace mortise::runtime::scripted;
using namespace std::chrono_literals;

namespace {

struct Tally {
  std::atomic<int> started{0}, ended{0}, ok{0};
  std::array<std::atomic<int>, 8> by_end{};
  void add(const Outcome& outcome) {
    ++by_end[static_cast<std::size_t>(outcome.ended)];
    if (outcome.ok()) ++ok;
    CHECK(outcome.ok() != outcome.error.has_value());
    ++ended;
  }
};

// One caller: all kinds of calls, in both ways, some of them cancelled at a random moment.
void call_at_random(House& house, Tally& tally, unsigned seed, Clock::time_point until) {
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<std::thread> cancellers;
  while (Clock::now() < until) {
    const std::string plugin = pick(2) == 0 ? "x" : "y";
    auto diary = std::make_shared<Diary>();
    diary->serve = [](const Value&, const Chain&) { return Value(1); };
    Call call;
    switch (pick(8)) {
      case 0: call = ask("sleep_ms", pick(5)); break;
      case 1: call = ask("until_cancelled"); break;
      case 2: call = ask("exit", 1); break;
      case 3: call = ask("logs", 20); break;
      case 4: call = ask("service", 0); break;
      case 5: call = ask("print", 2000); break;
      case 6: call = ask("garbage"); break;
      default: call = ask("echo", Value::map({{"n", pick(1000)}, {"t", std::string(static_cast<std::size_t>(pick(300)), 't')}}));
    }
    const bool waits_for_cancel = call.method == "until_cancelled";
    call.host = diary;
    call.cancel = CancelToken::make();
    call.deadline = Clock::now() + std::chrono::milliseconds(300 + pick(200));
    if (waits_for_cancel || pick(6) == 0) {
      cancellers.emplace_back([token = call.cancel, after = pick(10)]() mutable {
        std::this_thread::sleep_for(std::chrono::milliseconds(after));
        token.cancel("at random");
      });
    }
    ++tally.started;
    if (pick(2) == 0) {
      tally.add(house.runtime.invoke(plugin, Value(), std::move(call)));
    } else {
      house.runtime.start(plugin, Value(), std::move(call), [&tally](const Outcome& outcome) { tally.add(outcome); });
    }
  }
  for (std::thread& canceller : cancellers) canceller.join();
}

void kill_at_random(House& house, unsigned seed, Clock::time_point until) {
  std::mt19937 random(seed);
  while (Clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 40));
    const auto instances = house.runtime.instances();
    if (!instances.empty()) ::kill(static_cast<pid_t>(instances[random() % instances.size()].pid), SIGKILL);
    (void)house.runtime.stats();
  }
}

}  // namespace

TEST_CASE("whatever happens at once, every call ends exactly once") {
  Tally tally;
  std::vector<std::int64_t> pids;
  {
    RuntimeSettings settings = quick();
    settings.grace = 50ms;
    House house(settings);
    house.add(scripted_plugin("x", [](auto& d) { d.max_instances = 3; }));
    house.add(scripted_plugin("y", [](auto& d) { d.lifetime = plugin::Lifetime::per_call; }));
    const auto until = Clock::now() + 3s;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 6; ++i) threads.emplace_back([&, i] { call_at_random(house, tally, i, until); });
    threads.emplace_back([&] { kill_at_random(house, 99, until); });
    threads.emplace_back([&] {
      while (Clock::now() < until) {
        std::this_thread::sleep_for(300ms);
        house.runtime.retire("x");
      }
    });
    for (std::thread& thread : threads) thread.join();
    for (const auto& instance : house.runtime.instances()) pids.push_back(instance.pid);
    house.runtime.shutdown();
  }
  CHECK(tally.started == tally.ended);
  CHECK(tally.ok > 0);
  CHECK(tally.by_end[static_cast<std::size_t>(Ended::crashed)] > 0);
  for (const std::int64_t pid : pids) CHECK_FALSE(alive(pid));
}

TEST_CASE("shutdown in the midst of calls ends them all") {
  for (int round = 0; round < 3; ++round) {
    Tally tally;
    {
      RuntimeSettings settings = quick();
      settings.shutdown_bound = 300ms;
      House house(settings);
      house.add(scripted_plugin("x", [](auto& d) { d.max_instances = 2; }));
      std::vector<std::thread> threads;
      for (unsigned i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < 20; ++n) {
            ++tally.started;
            tally.add(house.runtime.invoke("x", ask(n == 5 ? "loop_deaf" : "echo", n)));
            ++tally.started;
            house.runtime.start("x", Value(), ask("sleep_ms", 1), [&](const Outcome& outcome) { tally.add(outcome); });
          }
        });
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20 + 50 * round));
      house.runtime.shutdown();
      for (std::thread& thread : threads) thread.join();
    }
    CHECK(tally.started == tally.ended);
  }
}

TEST_CASE("a host that is killed leaves no worker behind, not even one that loops deaf to every signal") {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t host = ::fork();
  if (host == 0) {
    House house;
    house.add(scripted_plugin("x"));
    const std::array pids{static_cast<pid_t>(house.runtime.invoke("x", ask("pid")).value.as_int64()),
                          static_cast<pid_t>(house.runtime.launcher_pid())};
    (void)!::write(pipe[1], pids.data(), sizeof pids);
    Call call = ask("loop_deaf");
    call.deadline = Clock::now() + 1h;
    (void)house.runtime.invoke("x", Value(), std::move(call));
    ::_exit(0);
  }
  std::array<pid_t, 2> pids{};
  REQUIRE(::read(pipe[0], pids.data(), sizeof pids) == sizeof pids);
  std::this_thread::sleep_for(100ms);
  ::kill(host, SIGKILL);
  ::waitpid(host, nullptr, 0);
  for (const pid_t pid : pids) CHECK(soon([&] { return !alive(pid); }));
  ::close(pipe[0]);
  ::close(pipe[1]);
}
