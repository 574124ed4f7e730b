#include "runtime/pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <set>
#include <thread>

#include "base/log.h"
#include "runtime/instance.h"
#include "runtime/reactor.h"
#include "runtime/scripted/house.h"
#include "runtime/task_threads.h"

using namespace mortise;
using namespace mortise::runtime;
using namespace mortise::runtime::scripted;
using namespace std::chrono_literals;

namespace {

struct Counts {
  std::atomic<int> made{0}, living{0}, cleaned{0};
  std::atomic<bool> fail{false};
  std::atomic<bool> hang{false};  // in start, until it is false
};

// An instance that is only counted.
class Fake final : public Instance {
 public:
  Fake(std::shared_ptr<const plugin::Descriptor> descriptor, Counts& counts)
      : descriptor_(std::move(descriptor)), counts_(counts) {
    ++counts_.made;
    ++counts_.living;
  }
  ~Fake() override { --counts_.living; }
  const plugin::Descriptor& descriptor() const noexcept override { return *descriptor_; }
  std::uint64_t serial() const noexcept override { return serial_; }
  plugin::State state() const noexcept override { return state_; }
  std::int64_t pid() const noexcept override { return 1; }
  bool usable() const noexcept override { return usable_; }
  void initialize() override { state_ = plugin::State::initialized; }
  void start() override {
    while (counts_.hang) std::this_thread::sleep_for(1ms);
    if (counts_.fail) throw Error(Code::plugin, "no start");
    state_ = plugin::State::running;
  }
  void stop() override {}
  void cleanup() noexcept override {
    ++counts_.cleaned;
    usable_ = false;
  }
  void start(Call, Completion completion) override { completion({}); }
  Outcome invoke(Call) override { return {}; }
  void die() { usable_ = false; }

 private:
  const std::shared_ptr<const plugin::Descriptor> descriptor_;
  Counts& counts_;
  const std::uint64_t serial_ = next_serial();
  std::atomic<plugin::State> state_{plugin::State::loaded};
  std::atomic<bool> usable_{true};
};

struct Kit {
  Counts counts;
  Log log = Log::null();
  Reactor reactor{log};
  TaskThreads threads{log};
  Pool pool;

  explicit Kit(Pool::Settings settings = {}, std::uint32_t capacity = 1)
      : pool(
            [this, capacity](auto descriptor, const Value&, const auto&) -> MadeInstance {
              return {std::make_shared<Fake>(std::move(descriptor), counts), capacity};
            },
            reactor, threads, log, settings) {}

  static std::shared_ptr<const plugin::Descriptor> plugin(std::uint32_t most,
                                                          plugin::Lifetime lifetime = plugin::Lifetime::resident) {
    auto descriptor = std::make_shared<plugin::Descriptor>(scripted_plugin("x"));
    descriptor->max_instances = most;
    descriptor->lifetime = lifetime;
    return descriptor;
  }
};

Clock::time_point in(std::chrono::milliseconds time) { return Clock::now() + time; }

}  // namespace

TEST_CASE("an instance is used again, and more are made only when all are out") {
  Kit kit;
  const auto plugin = Kit::plugin(3);
  std::uint64_t first = 0;
  {
    const Lease lease = kit.pool.acquire(plugin, {}, in(1s), {});
    first = lease->serial();
    CHECK(lease->state() == plugin::State::running);
  }
  const Lease again = kit.pool.acquire(plugin, {}, in(1s), {});
  CHECK(again->serial() == first);
  const Lease other = kit.pool.acquire(plugin, {}, in(1s), {});
  CHECK(other->serial() != first);
  CHECK(kit.counts.made == 2);
  CHECK(kit.pool.entries().size() == 2);
}

TEST_CASE("calls with another configuration or version get other instances") {
  Kit kit;
  const auto plugin = Kit::plugin(1);
  const Lease plain = kit.pool.acquire(plugin, {}, in(1s), {});
  const Lease configured = kit.pool.acquire(plugin, Value::map({{"a", 1}}), in(1s), {});
  auto newer = std::make_shared<plugin::Descriptor>(*plugin);
  newer->version_text = "2.0.0";
  const Lease newest = kit.pool.acquire(newer, {}, in(1s), {});
  CHECK(kit.counts.made == 3);
  CHECK_THROWS_AS((void)kit.pool.acquire(plugin, Value::map({{"a", 1}}), in(10ms), {}), Error);
}

TEST_CASE("a warm instance serves calls of its own access alone, and ever new ones do not pile up") {
  Kit kit;
  const auto plugin = Kit::plugin(2);
  const auto access = [](const std::string& path) {
    auto made = std::make_shared<Access>();
    made->files = {{path, false, 1, 1}};
    return made;
  };
  const auto serial_of = [&](const std::string& path) {
    return kit.pool.acquire(plugin, {}, in(1s), {}, {}, access(path))->serial();
  };
  const std::uint64_t first = serial_of("/a");
  CHECK(serial_of("/a") == first);
  CHECK(serial_of("/b") != first);
  CHECK(serial_of("/a") == first);
  for (int i = 0; i < 20; ++i) (void)serial_of("/more/" + std::to_string(i));
  CHECK(kit.pool.entries().size() == 2);
  CHECK(serial_of("/a") != first);
}

TEST_CASE("an instance that is in use is never taken for another access") {
  Kit kit;
  const auto plugin = Kit::plugin(1);
  const Lease held = kit.pool.acquire(plugin, {}, in(1s), {});
  const Lease other = kit.pool.acquire(plugin, {}, in(1s), {}, {}, std::make_shared<Access>());
  CHECK(other->serial() != held->serial());
  CHECK(held->state() == plugin::State::running);
}

TEST_CASE("who waits is served in the order of coming, by either way of asking") {
  Kit kit;
  const auto plugin = Kit::plugin(1);
  Lease held = kit.pool.acquire(plugin, {}, in(1s), {});
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      const auto served = [&] {
        const std::lock_guard lock(mutex);
        order.push_back(i);
      };
      if (i % 2 == 0) {
        const Lease lease = kit.pool.acquire(plugin, {}, in(10s), {});
        served();
      } else {
        std::promise<void> done;
        kit.pool.acquire_later(plugin, {}, in(10s), {}, {}, [&](Lease lease, std::optional<Error> error) {
          CHECK_FALSE(error);
          served();
          lease.give_back();
          done.set_value();
        });
        done.get_future().wait();
      }
    });
    REQUIRE(soon([&] { return kit.pool.waiting("x") == static_cast<std::size_t>(i) + 1; }));
  }
  held.give_back();
  for (std::thread& thread : threads) thread.join();
  CHECK(order == std::vector{0, 1, 2, 3, 4, 5});
  CHECK(kit.counts.made == 1);
}

TEST_CASE("waiting ends at the deadline, and when it is cancelled") {
  Kit kit;
  const auto plugin = Kit::plugin(1);
  const Lease held = kit.pool.acquire(plugin, {}, in(1s), {});
  const auto code_of = [&](bool later, std::optional<Clock::time_point> deadline, const CancelToken& cancel) {
    std::optional<Error> got;
    if (later) {
      std::promise<void> done;
      kit.pool.acquire_later(plugin, {}, deadline, cancel, {}, [&](Lease, std::optional<Error> error) {
        got = std::move(error);
        done.set_value();
      });
      done.get_future().wait();
    } else {
      try {
        (void)kit.pool.acquire(plugin, {}, deadline, cancel);
      } catch (const Error& error) {
        got = error;
      }
    }
    REQUIRE(got);
    return got->code();
  };
  for (const bool later : {false, true}) {
    CHECK(code_of(later, in(50ms), {}) == Code::timeout);
    CancelToken token = CancelToken::make();
    std::thread canceller([&] {
      std::this_thread::sleep_for(50ms);
      token.cancel("enough");
    });
    CHECK(code_of(later, std::nullopt, token) == Code::cancelled);
    canceller.join();
    CHECK(code_of(later, std::nullopt, token) == Code::cancelled);  // from the start
  }
}

TEST_CASE("an instance that cannot be used any more is cleaned up and replaced") {
  Kit kit;
  const auto plugin = Kit::plugin(1);
  for (int i = 0; i < 3; ++i) {
    const Lease lease = kit.pool.acquire(plugin, {}, in(1s), {});
    static_cast<Fake&>(*lease).die();
  }
  CHECK(kit.counts.made == 3);
  CHECK(kit.pool.replaced("x") == 3);
  CHECK(soon([&] { return kit.counts.cleaned == 3 && kit.counts.living == 0; }));
  // One that dies while it is idle, too.
  std::shared_ptr<Fake> idle;
  {
    const Lease lease = kit.pool.acquire(plugin, {}, in(1s), {});
    static_cast<Fake&>(*lease).die();
  }
  CHECK(kit.pool.acquire(plugin, {}, in(1s), {})->usable());
}

TEST_CASE("lifetime per_call: a fresh instance every time, at most so many side by side") {
  Kit kit;
  const auto plugin = Kit::plugin(2, plugin::Lifetime::per_call);
  std::set<std::uint64_t> serials;
  for (int i = 0; i < 5; ++i) serials.insert(kit.pool.acquire(plugin, {}, in(1s), {})->serial());
  CHECK(serials.size() == 5);
  CHECK(soon([&] { return kit.counts.cleaned == 5; }));
  CHECK(kit.pool.replaced("x") == 0);
  const Lease a = kit.pool.acquire(plugin, {}, in(1s), {});
  Lease b = kit.pool.acquire(plugin, {}, in(1s), {});
  CHECK_THROWS_AS((void)kit.pool.acquire(plugin, {}, in(20ms), {}), Error);
  b.give_back();
  CHECK(kit.pool.acquire(plugin, {}, in(1s), {}));
}

TEST_CASE("a start that fails is the caller's error, and does not block those behind it") {
  Kit kit;
  const auto plugin = Kit::plugin(1);
  kit.counts.fail = true;
  CHECK_THROWS_WITH((void)kit.pool.acquire(plugin, {}, in(1s), {}), "no start");
  CHECK(kit.counts.cleaned == 1);
  kit.counts.fail = false;
  CHECK(kit.pool.acquire(plugin, {}, in(1s), {}));
}

TEST_CASE("who cannot wait for a slow start goes at its deadline or cancel, and the instance is there for the next") {
  Kit kit;
  const auto plugin = Kit::plugin(1);
  kit.counts.hang = true;
  try {
    (void)kit.pool.acquire(plugin, {}, in(30ms), {});
    FAIL("it got an instance");
  } catch (const Error& error) {
    CHECK(error.code() == Code::timeout);
    CHECK(std::string(error.what()) == "plugin 'x' was still starting at the deadline");
  }
  kit.counts.hang = false;
  CHECK(kit.pool.acquire(plugin, {}, in(5s), {}));
  CHECK(kit.counts.made == 1);

  kit.pool.retire("x");
  CHECK(soon([&] { return kit.counts.living == 0; }));
  kit.counts.hang = true;
  const CancelToken cancel = CancelToken::make();
  std::atomic<int> answers{0};
  std::optional<Error> told;
  kit.pool.acquire_later(plugin, {}, in(60s), cancel, {}, [&](Lease lease, std::optional<Error> error) {
    CHECK_FALSE(lease);
    told = error;
    ++answers;
  });
  CancelToken(cancel).cancel("enough");
  CHECK(soon([&] { return answers == 1; }));
  CHECK(told->code() == Code::cancelled);
  kit.counts.hang = false;
  CHECK(kit.pool.acquire(plugin, {}, in(5s), {}));
  CHECK(kit.counts.made == 2);
  CHECK(answers == 1);
}

TEST_CASE("an instance of many calls is shared by as many") {
  Kit kit({}, 3);
  const auto plugin = Kit::plugin(1);
  const Lease a = kit.pool.acquire(plugin, {}, in(1s), {});
  const Lease b = kit.pool.acquire(plugin, {}, in(1s), {});
  const Lease c = kit.pool.acquire(plugin, {}, in(1s), {});
  CHECK(a->serial() == c->serial());
  CHECK_THROWS_AS((void)kit.pool.acquire(plugin, {}, in(20ms), {}), Error);
}

TEST_CASE("waiting for an instance that waits for us is a conflict") {
  Kit kit;
  const auto plugin = Kit::plugin(1);
  const Lease held = kit.pool.acquire(plugin, {}, in(1s), {});
  const Chain chain = Chain().entered(held->serial(), "x");
  try {
    (void)kit.pool.acquire(plugin, {}, in(10s), {}, chain);
    FAIL("must be refused");
  } catch (const Error& error) {
    CHECK(error.code() == Code::conflict);
    CHECK(std::string(error.what()).find("x -> x") != std::string::npos);
  }
}

TEST_CASE("idle instances go after a time; retired ones at once, or when they come back") {
  Kit kit({.idle = 100ms, .shutdown_bound = 1s});
  const auto plugin = Kit::plugin(2);
  { const Lease lease = kit.pool.acquire(plugin, {}, in(1s), {}); }
  CHECK(soon([&] { return kit.counts.living == 0; }));
  CHECK(kit.pool.replaced("x") == 0);
  Lease held = kit.pool.acquire(plugin, {}, in(1s), {});
  kit.pool.retire("x");
  CHECK(kit.counts.living == 1);
  const Lease fresh = kit.pool.acquire(plugin, {}, in(1s), {});
  CHECK(fresh->serial() != held->serial());
  held.give_back();
  CHECK(soon([&] { return kit.counts.living == 1; }));
}

TEST_CASE("shutdown cleans up all, waits for leases, and refuses those who wait and those who come") {
  Kit kit({.idle = 1min, .shutdown_bound = 2s});
  const auto plugin = Kit::plugin(1);
  Lease held = kit.pool.acquire(plugin, {}, in(1s), {});
  std::optional<Error> refused;
  std::thread waiting([&] {
    try {
      (void)kit.pool.acquire(plugin, {}, in(10s), {});
    } catch (const Error& error) {
      refused = error;
    }
  });
  std::this_thread::sleep_for(50ms);
  std::thread closing([&] { kit.pool.shutdown(); });
  waiting.join();
  REQUIRE(refused);
  CHECK(refused->code() == Code::busy);
  CHECK(kit.counts.cleaned == 0);
  held.give_back();
  closing.join();
  CHECK(kit.counts.cleaned == 1);
  CHECK_THROWS_AS((void)kit.pool.acquire(plugin, {}, in(1s), {}), Error);
  kit.pool.shutdown();
}
