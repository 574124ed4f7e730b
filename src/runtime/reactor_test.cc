#include "runtime/reactor.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

#include "runtime/latencies.h"
#include "runtime/scripted/house.h"
#include "runtime/task_threads.h"

using namespace mortise;
using namespace mortise::runtime;
using namespace mortise::runtime::scripted;
using namespace std::chrono_literals;

TEST_CASE("tasks run in order on one thread, those posted before the end too") {
  std::vector<int> seen;
  std::atomic<bool> on_thread{true};
  {
    Reactor reactor(Log::null());
    CHECK_FALSE(reactor.on_thread());
    for (int i = 0; i < 1000; ++i) {
      reactor.post([&, i] {
        seen.push_back(i);
        if (!reactor.on_thread()) on_thread = false;
      });
    }
  }
  CHECK(seen.size() == 1000);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
  CHECK(on_thread);
}

TEST_CASE("timers run in the order of their times, and a forgotten one never") {
  Reactor reactor(Log::null());
  std::vector<int> seen;
  std::atomic<int> done{0};
  const auto now = Clock::now();
  const auto timer = [&](int number, std::chrono::milliseconds after) {
    return reactor.at(now + after, [&, number] {
      seen.push_back(number);
      ++done;
    });
  };
  timer(3, 90ms);
  const auto forgotten = timer(2, 60ms);
  timer(1, 30ms);
  reactor.forget(forgotten);
  CHECK(soon([&] { return done == 2; }));
  CHECK(seen == std::vector{1, 3});
  CHECK(Clock::now() - now >= 90ms);
}

TEST_CASE("a handler or task that throws is reported and harms no other") {
  Lines lines;
  Reactor reactor(lines.log());
  std::atomic<bool> after{false};
  reactor.post([] { throw Error(Code::plugin, "thrown here"); });
  reactor.post([&] { after = true; });
  CHECK(soon([&] { return after.load(); }));
  CHECK(lines.has("thrown here"));
}

TEST_CASE("after unwatch the handler neither runs nor will, from any thread") {
  Reactor reactor(Log::null());
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const os::Fd out(pipe[0]);
  const os::Fd in(pipe[1]);
  for (int round = 0; round < 200; ++round) {
    auto alive = std::make_unique<std::atomic<int>>(0);  // freed at once: a late handler would be a use after free
    const auto id = reactor.watch(out.get(), EPOLLIN, [counter = alive.get()](std::uint32_t) { ++*counter; });
    REQUIRE(::write(in.get(), "x", 1) == 1);
    if (round % 2 == 0) std::this_thread::yield();
    reactor.unwatch(id, out.get());
    alive.reset();
    char byte = 0;
    while (::read(out.get(), &byte, 1) == 1) {
    }
  }
}

TEST_CASE("task threads run what may block side by side, and their end waits for all") {
  std::atomic<int> done{0};
  const auto began = Clock::now();
  {
    TaskThreads threads(Log::null());
    for (int i = 0; i < 8; ++i) {
      threads.run([&] {
        std::this_thread::sleep_for(100ms);
        ++done;
      });
    }
  }
  CHECK(done == 8);
  CHECK(Clock::now() - began < 700ms);
}

TEST_CASE("percentiles are right within a fifth") {
  Latencies latencies;
  CHECK(latencies.percentile(0.5) == 0ns);
  for (int i = 1; i <= 10'000; ++i) latencies.add(std::chrono::microseconds(i));
  const auto near = [](std::chrono::nanoseconds got, std::chrono::nanoseconds wanted) {
    return got >= wanted * 4 / 5 && got <= wanted * 6 / 5;
  };
  CHECK(near(latencies.percentile(0.50), 5ms));
  CHECK(near(latencies.percentile(0.95), 9500us));
  CHECK(near(latencies.percentile(0.99), 9900us));
  CHECK(latencies.longest() == 10ms);
  Latencies tiny;
  for (int i = 0; i < 5; ++i) tiny.add(std::chrono::nanoseconds(i));
  CHECK(tiny.percentile(1.0) == 4ns);
}
