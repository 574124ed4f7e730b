#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/error.h"
#include "runtime/instance.h"
#include "runtime/pool.h"
#include "runtime/reactor.h"
#include "runtime/scripted/house.h"
#include "runtime/task_threads.h"

using namespace mortise;
using namespace mortise::runtime;
using namespace mortise::runtime::scripted;
using namespace std::chrono_literals;

namespace {

struct Counts {
  std::atomic<int> running{0}, most_running{0}, started{0};
  std::atomic<std::uint64_t> bad_generation{0};  // does not start
};

// An instance of which only the lifecycle matters.
class Counted final : public Instance {
 public:
  Counted(std::shared_ptr<const plugin::Descriptor> descriptor, Counts& counts)
      : descriptor_(std::move(descriptor)), counts_(counts) {}
  const plugin::Descriptor& descriptor() const noexcept override { return *descriptor_; }
  std::uint64_t serial() const noexcept override { return serial_; }
  plugin::State state() const noexcept override { return state_; }
  std::int64_t pid() const noexcept override { return 1; }
  bool usable() const noexcept override { return state_ != plugin::State::cleaned_up; }
  void initialize() override { state_ = plugin::State::initialized; }
  void start() override {
    if (descriptor_->generation != 0 && descriptor_->generation == counts_.bad_generation)
      throw Error(Code::plugin, "no start");
    state_ = plugin::State::running;
    ++counts_.started;
    counts_.most_running = std::max(counts_.most_running.load(), ++counts_.running);
  }
  void stop() override {
    if (state_ == plugin::State::running) --counts_.running;
    state_ = plugin::State::stopped;
  }
  void cleanup() noexcept override {
    if (state_ == plugin::State::running) --counts_.running;
    state_ = plugin::State::cleaned_up;
  }
  void start(Call, Completion completion) override { completion({}); }
  Outcome invoke(Call) override { return {}; }

 private:
  const std::shared_ptr<const plugin::Descriptor> descriptor_;
  Counts& counts_;
  const std::uint64_t serial_ = next_serial();
  std::atomic<plugin::State> state_{plugin::State::loaded};
};

struct Kit {
  Counts counts;
  Log log = Log::null();
  Reactor reactor{log};
  TaskThreads threads{log};
  Pool pool{[this](auto descriptor, const Value&, const auto&) -> MadeInstance {
              return {std::make_shared<Counted>(std::move(descriptor), counts), 1};
            },
            reactor, threads, log, {}};
};

std::shared_ptr<const plugin::Descriptor> generation(std::uint64_t number, std::uint32_t most_instances, const char* name = "x") {
  auto descriptor = std::make_shared<plugin::Descriptor>(scripted_plugin(name));
  descriptor->generation = number;
  descriptor->max_instances = most_instances;
  return descriptor;
}

Clock::time_point in(std::chrono::milliseconds time) { return Clock::now() + time; }
const auto no_commit = [] {};

}  // namespace

TEST_CASE("calls that run end on the present generation while later ones begin on the next") {
  Kit kit;
  const auto present = generation(0, 2), next = generation(1, 2);
  Lease running = kit.pool.acquire(present, {}, in(1s), {});
  const Lease other = kit.pool.acquire(present, {}, in(1s), {});
  bool committed = false;
  kit.pool.switch_to({next}, in(1s), [&] { committed = true; });
  CHECK(committed);
  CHECK(running->descriptor().generation == 0);
  const Lease later = kit.pool.acquire(next, {}, in(1s), {});
  CHECK(later->descriptor().generation == 1);
  const Lease by_the_old_name = kit.pool.acquire(present, {}, in(1s), {});  // asked before the switch, served after it
  CHECK(by_the_old_name->descriptor().generation == 1);
  running.give_back();
  for (const auto& entry : kit.pool.entries()) CHECK((entry.generation == 1 || entry.leased));
}

TEST_CASE("calls wait while one resident instance is stopped and the next one starts, and never are there two") {
  Kit kit;
  const auto present = generation(0, 1), next = generation(1, 1);
  Lease running = kit.pool.acquire(present, {}, in(1s), {});
  auto switching = std::async(std::launch::async, [&] { kit.pool.switch_to({next}, in(5s), no_commit); });
  auto waiting = std::async(std::launch::async, [&] {
    std::this_thread::sleep_for(20ms);
    return kit.pool.acquire(present, {}, in(5s), {})->descriptor().generation;
  });
  CHECK(switching.wait_for(50ms) == std::future_status::timeout);
  running.give_back();
  switching.get();
  CHECK(waiting.get() == 1);
  CHECK(kit.counts.most_running == 1);
}

TEST_CASE("when the next generation does not start, or is not wanted after all, the present one goes on") {
  for (const std::uint32_t most : {1U, 3U}) {
    Kit kit;
    const auto present = generation(0, most), next = generation(1, most);
    const std::uint64_t serial = kit.pool.acquire(present, {}, in(1s), {})->serial();
    kit.counts.bad_generation = 1;
    CHECK_THROWS_WITH_AS(kit.pool.switch_to({next}, in(1s), no_commit), "no start", Error);
    CHECK(kit.pool.acquire(present, {}, in(1s), {})->serial() == serial);
    kit.counts.bad_generation = 0;
    CHECK_THROWS_WITH_AS(kit.pool.switch_to({next}, in(1s), [] { throw Error(Code::conflict, "no"); }), "no", Error);
    const Lease lease = kit.pool.acquire(present, {}, in(1s), {});
    CHECK(lease->serial() == serial);
    CHECK(lease->state() == plugin::State::running);
  }
}

TEST_CASE("a resident instance that works until the deadline of the switch is left alone") {
  Kit kit;
  const Lease running = kit.pool.acquire(generation(0, 1), {}, in(1s), {});
  CHECK_THROWS_AS(kit.pool.switch_to({generation(1, 1)}, in(20ms), no_commit), Error);
  CHECK(running->state() == plugin::State::running);
}

TEST_CASE("of idle instances beyond the bound, the one unused for longest goes") {
  Counts counts;
  Log log = Log::null();
  Reactor reactor{log};
  TaskThreads threads{log};
  Pool pool{[&](auto descriptor, const Value&, const auto&) -> MadeInstance {
              return {std::make_shared<Counted>(std::move(descriptor), counts), 1};
            },
            reactor, threads, log, {.most_idle = 2}};
  {
    std::vector<Lease> all;
    for (int i = 0; i < 4; ++i) all.push_back(pool.acquire(generation(0, 8), {}, in(1s), {}));
    CHECK(pool.entries().size() == 4);
  }
  CHECK(pool.entries().size() == 2);
}

TEST_CASE("several go over at one instant: when one does not start, or the commit fails, none does") {
  for (const std::uint32_t most : {1U, 3U}) {
    Kit kit;
    const auto base = generation(0, most, "base"), next_base = generation(2, most, "base");
    const auto user = generation(0, 3, "user"), next_user = generation(1, 3, "user");
    const auto serial_of = [&](const auto& plugin) { return kit.pool.acquire(plugin, {}, in(1s), {})->serial(); };
    const std::uint64_t before[] = {serial_of(base), serial_of(user)};
    kit.counts.bad_generation = 1;  // the user's, which comes after the base
    CHECK_THROWS_WITH_AS(kit.pool.switch_to({next_base, next_user}, in(1s), no_commit), "no start", Error);
    kit.counts.bad_generation = 0;
    CHECK_THROWS_WITH_AS(kit.pool.switch_to({next_base, next_user}, in(1s), [] { throw Error(Code::conflict, "no"); }), "no", Error);
    CHECK(serial_of(base) == before[0]);
    CHECK(serial_of(user) == before[1]);
    kit.pool.switch_to({next_base, next_user}, in(1s), no_commit);
    CHECK(kit.pool.acquire(base, {}, in(1s), {})->descriptor().generation == 2);
    CHECK(kit.pool.acquire(user, {}, in(1s), {})->descriptor().generation == 1);
  }
}

TEST_CASE("where one of several is there once, those that need it are quiet first, and get their answers from it until then") {
  Kit kit;
  const auto base = generation(0, 1, "base"), user = generation(0, 3, "user");
  (void)kit.pool.acquire(base, {}, in(1s), {});
  Lease running = kit.pool.acquire(user, {}, in(1s), {});
  auto switching = std::async(std::launch::async, [&] { kit.pool.switch_to({generation(1, 1, "base"), generation(1, 3, "user")}, in(5s), no_commit); });
  CHECK(switching.wait_for(30ms) == std::future_status::timeout);
  CHECK(kit.pool.acquire(base, {}, in(1s), {})->descriptor().generation == 0);  // asked in the middle of the user's call
  running.give_back();
  switching.get();
  CHECK(kit.pool.acquire(base, {}, in(1s), {})->descriptor().generation == 1);
}

TEST_CASE("64 threads call while generations change: nobody is refused, and after a switch only the next one answers") {
  Kit kit;
  std::atomic<std::uint64_t> present{0};
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0}, calls{0};
  std::vector<std::shared_ptr<const plugin::Descriptor>> all;
  for (std::uint64_t number = 0; number <= 20; ++number) all.push_back(generation(number, 4));
  std::vector<std::thread> callers;
  for (int i = 0; i < 64; ++i) {
    callers.emplace_back([&] {
      while (!done) {
        const std::uint64_t before = present;
        try {
          const Lease lease = kit.pool.acquire(all[before], {}, in(20s), {});
          if (lease->descriptor().generation < before || lease->state() != plugin::State::running) ++wrong;
          ++calls;
        } catch (const Error&) {
          ++wrong;
        }
      }
    });
  }
  for (std::uint64_t number = 1; number <= 20; ++number) {
    const int seen = calls;
    while (calls < seen + 64) std::this_thread::sleep_for(1ms);
    kit.pool.switch_to({all[number]}, in(20s), no_commit);
    present = number;
  }
  done = true;
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}
