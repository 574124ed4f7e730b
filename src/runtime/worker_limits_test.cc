#include <doctest/doctest.h>

#include "base/error.h"
#include "runtime/scripted/house.h"
#include "runtime/worker_watchdog.h"

using namespace mortise;
using namespace mortise::runtime;
using namespace mortise::runtime::scripted;
using namespace std::chrono_literals;

namespace {

RuntimeSettings without_groups() {
  RuntimeSettings settings = quick();
  settings.cgroups = false;
  return settings;
}

plugin::Descriptor small(std::string id) {
  return scripted_plugin(std::move(id), [](plugin::Descriptor& d) {
    d.limits.memory_bytes = 64U << 20;
    d.limits.processes = 8;
  });
}

PluginStats stats_of(House& house, const std::string& plugin) {
  for (PluginStats& stats : house.runtime.stats()) {
    if (stats.plugin == plugin) return std::move(stats);
  }
  return {};
}

constexpr Way both[] = {Way::invoke, Way::start};

}  // namespace

TEST_CASE("a worker over its memory is killed and reported with what it used, by a group and by the watchdog") {
  for (const RuntimeSettings& settings : {quick(), without_groups()}) {
    House house(settings);
    house.add(small("x"));
    for (const Way way : both) {
      CHECK(make(house, way, "x", ask("eat", 8 << 20)).ok());
      const Outcome outcome = make(house, way, "x", ask("eat", 512 << 20));
      CHECK(outcome.ended == Ended::killed);
      CAPTURE(outcome.error->describe());
      CHECK(std::string(outcome.error->what()).starts_with("worker 'x' used "));
      CHECK(std::string(outcome.error->what()).ends_with(" of 64 MiB"));
      CHECK(outcome.error->hint() == "raise limits.memory or send smaller batches");
      CHECK(outcome.cleanup_skipped);
    }
    CHECK(make(house, Way::invoke, "x", ask("eat", 8 << 20)).ok());
    CHECK(stats_of(house, "x").endings["killed"] == 2);
    CHECK(stats_of(house, "x").memory_peak >= (32U << 20));
  }
}

TEST_CASE("a worker makes no more processes than it may: a group refuses them, the watchdog ends it") {
  for (const RuntimeSettings& settings : {quick(), without_groups()}) {
    House house(settings);
    house.add(small("x"));
    const Outcome outcome = make(house, Way::invoke, "x", ask("forks", 100));
    if (house.runtime.limit_keepers().processes == "watchdog") {
      CHECK(outcome.ended == Ended::killed);
      CHECK(std::string(outcome.error->what()).find("processes of 8") != std::string::npos);
    } else {
      REQUIRE(outcome.ok());
      CHECK(outcome.value.as_int64() == 7);
    }
  }
}

TEST_CASE("a quota of processor time slows a worker down") {
  House house;
  if (house.runtime.limit_keepers().cpu == "nobody") {
    MESSAGE("skipped: no group for processor time");
    return;
  }
  house.add(scripted_plugin("x", [](plugin::Descriptor& d) { d.limits.processors = 0.1; }));
  REQUIRE(make(house, Way::invoke, "x", ask("spin_ms", 1000)).ok());
  CHECK(stats_of(house, "x").cpu < 500ms);
}

TEST_CASE("processor time and memory are known for each call of some length and for the plugin, also of workers that are gone") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const Outcome outcome = make(house, way, "x", ask("spin_ms", 100));
    CHECK(outcome.cpu > 1ms);
    CHECK(outcome.cpu < 2s);
    CHECK(outcome.memory_peak > 100'000);
  }
  CHECK(make(house, Way::invoke, "x", ask("sleep_ms", 50)).cpu < 40ms);
  CHECK(stats_of(house, "x").cpu >= 2ms);
  CHECK(stats_of(house, "x").cpu_p50 > 1ms);
  (void)make(house, Way::invoke, "x", ask("abort"));
  CHECK(soon([&] { return stats_of(house, "x").memory == 0; }));
  CHECK(stats_of(house, "x").cpu >= 2ms);
}

TEST_CASE("a plugin that backs off is refused while it rests, shows it, and works again when it is released") {
  House house;
  house.add(scripted_plugin("x", [](plugin::Descriptor& d) { d.on_failure = plugin::FailurePolicy::backoff; }));
  for (const Way way : both) {
    CHECK(make(house, way, "x", ask("pid")).ok());
    CHECK(make(house, way, "x", ask("fail")).ended == Ended::error);
    const Outcome refused = make(house, way, "x", ask("pid"));
    CHECK(refused.ended == Ended::denied);
    CHECK(refused.error->code() == Code::busy);
    CHECK(house.runtime.quarantine("x")->failures == 1);
    CHECK(house.runtime.release("x"));
    CHECK(make(house, way, "x", ask("pid")).ok());
    CHECK_FALSE(house.runtime.quarantine("x"));
  }
}
