#include "runtime/inproc.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <filesystem>
#include <future>
#include <thread>

#include "mortise/leaf.hpp"
#include "runtime/arena.h"

using namespace mortise;
using namespace mortise::runtime;
using namespace std::chrono_literals;

namespace {

// What a call told, in order, and what it can ask.
struct Desk : CallHost {
  std::mutex mutex;
  std::vector<std::string> told;
  std::function<Value(const std::string& method, const Value& input, const Chain& chain)> greeter;

  void tell(std::string text) {
    const std::lock_guard lock(mutex);
    told.push_back(std::move(text));
  }
  void log(LogLevel level, std::string_view message, const Value& fields) override {
    std::string text = std::to_string(static_cast<int>(level)) + " " + std::string(message);
    if (const Value* rows = fields.find("rows")) text += " rows=" + std::to_string(rows->as_int64());
    tell(text);
  }
  void progress(double fraction, std::string_view note) override {
    tell("progress " + std::to_string(fraction).substr(0, 4) + " " + std::string(note));
  }
  std::optional<Value> context(std::string_view key) override {
    if (key == "sales") return Value::list({1, 2});
    if (key == "nothing") return Value();
    if (key == "broken") throw Error(Code::internal, "the context is broken");
    return std::nullopt;
  }
  Value service(std::string_view name, std::string_view method, const Value& input, const Chain& chain) override {
    if (name != "Greeter" || !greeter) throw Error(Code::not_found, "no service '" + std::string(name) + "'");
    return greeter(std::string(method), input, chain);
  }
};

struct House {
  NativeLibraries libraries;
  Reactor reactor{Log::null()};
  std::shared_ptr<Desk> desk = std::make_shared<Desk>();

  InprocSurroundings around() { return {libraries, reactor, Log::null(), 10s, 50ms, desk}; }
  std::shared_ptr<InprocInstance> load(const std::string& name, const Value& config = {}, std::uint32_t concurrency = 1,
                                       std::optional<std::chrono::milliseconds> deadline = std::nullopt) {
    plugin::Descriptor descriptor;
    descriptor.id = name;
    descriptor.language = "c++";
    descriptor.folder = UNIT_PLUGINS;
    descriptor.entry = "libunit_" + name + ".so";
    descriptor.concurrency = concurrency;
    descriptor.deadline = deadline;
    return InprocInstance::load(around(), std::make_shared<const plugin::Descriptor>(descriptor), config);
  }
  std::shared_ptr<InprocInstance> running(const std::string& name, std::uint32_t concurrency = 1) {
    auto instance = load(name, {}, concurrency);
    instance->initialize();
    instance->start();
    return instance;
  }
};

Call call(const std::string& method, Value input = {}, std::shared_ptr<CallHost> host = nullptr) {
  Call call;
  call.operation = Operation::call;
  call.method = method;
  call.input = std::move(input);
  call.host = std::move(host);
  return call;
}

Call within(Call call, std::chrono::milliseconds time) {
  call.deadline = Clock::now() + time;
  return call;
}

Outcome started(InprocInstance& instance, Call call) {
  std::promise<Outcome> promise;
  auto future = promise.get_future();
  instance.start(std::move(call), [&](Outcome outcome) { promise.set_value(std::move(outcome)); });
  return future.get();
}

void wait_until(const std::function<bool()>& true_now) {
  for (int i = 0; i < 5000 && !true_now(); ++i) std::this_thread::sleep_for(1ms);
  CHECK(true_now());
}

// What a deaf plugin waits for; open at the latest when the test ends.
struct Gate {
  std::atomic<bool>& open = fresh();
  ~Gate() { open = true; }
  // The plugin may look once more after the test: its flag stays.
  static std::atomic<bool>& fresh() {
    static std::deque<std::atomic<bool>> all;
    return all.emplace_back(false);
  }
  [[nodiscard]] std::int64_t address() const {
    return static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(&open));
  }
};

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a value goes in and comes back, on the caller's thread, on another and by completion") {
  House house;
  const auto instance = house.running("specimen");
  const Value value = Value::map({{"text", "x"}, {"list", Value::list({1, 2.5, nullptr, true, Time{3}})}});
  CHECK(instance->invoke(call("echo", value)).take() == value);
  CHECK(instance->invoke(within(call("echo", value), 5s)).take() == value);
  CHECK(started(*instance, call("echo", value)).take() == value);
  CHECK(started(*instance, within(call("echo", 7), 5s)).take() == Value(7));
  CHECK(instance->invoke(within(call("echo"), 5s)).elapsed > 0ns);
  CHECK(instance->invoke(call("echo")).elapsed == 0ns);
}

TEST_CASE("a plugin in plain C is as good") {
  House house;
  const auto instance = house.running("bare");
  CHECK(instance->invoke(call("any", 42)).take().as_int64() == 42);
  CHECK(instance->invoke(call("any", "text")).take().as_string() == "text");
}

TEST_CASE("a tensor goes through without a copy") {
  House house;
  const auto instance = house.running("specimen");
  const Value tensor = make_tensor(std::vector<float>{1, 2, 3}, {3});
  const Value back = instance->invoke(call("echo", Value::list({tensor}))).take();
  CHECK(&back[0].as_tensor() == &tensor.as_tensor());
}

TEST_CASE("a step reads its input by name, and its result is stored under its output") {
  House house;
  const auto instance = house.running("specimen");
  Call step = call("");
  step.operation = Operation::step;
  step.host = house.desk;
  step.input = Value::map({{"step", Value::map({{"name", "Double"},
                                                {"plugin", "specimen"},
                                                {"config", Value::map({{"factor", 2}, {"input", "sales"}})},
                                                {"output", "doubled"}})},
                           {"run", Value::map({{"id", "r"}, {"attempt", 1}, {"key", "k"}})}});
  const Value result = instance->invoke(step).take();
  CHECK(result.at("outputs").at("doubled") == Value::list({Value::list({1, 2}), "Double"}));
  CHECK(result.at("outputs").at("extra").as_int64() == 2);
  CHECK(result.at("rows").as_int64() == 2);

  step.input["step"]["config"].set("input", "missing");
  const Outcome missing = instance->invoke(step);
  CHECK(missing.error->code() == Code::not_found);
  CHECK(std::string(missing.error->what()) == "the context has no 'missing'");
  step.input["step"]["config"].erase("input");
  CHECK(std::string(instance->invoke(step).error->what()) == "step 'Double' has no input");
}

TEST_CASE("validate writes defaults, and an operation that the author did not write is unsupported") {
  House house;
  const auto instance = house.load("specimen");
  Call validate = call("");
  validate.operation = Operation::validate;
  validate.input = Value::map({{"config", Value::map({{"a", 1}})}});
  CHECK(instance->invoke(validate).take().at("config").at("checked").as_bool());
  instance->initialize();
  Call poll = call("");
  poll.operation = Operation::poll;
  CHECK(instance->invoke(poll).error->code() == Code::unsupported);
}

TEST_CASE("what a plugin tells arrives, thinned of nonsense") {
  House house;
  const auto instance = house.running("specimen");
  house.desk->told.clear();
  CHECK_FALSE(instance->invoke(call("tell", {}, house.desk)).take().as_bool());
  CHECK(instance->invoke(within(call("tell", {}, house.desk), 5s)).take().as_bool());
  const std::vector<std::string> once{"30 warned rows=12", "10 no \xEF\xBF\xBD fields", "progress 0.50 half",
                                      "progress 1.00 "};
  CHECK(std::vector<std::string>(house.desk->told.begin(), house.desk->told.begin() + 4) == once);
  CHECK(instance->invoke(call("tell")).ok());
}

TEST_CASE("a flood of records is cut and said once, and progress is thinned but its last word arrives") {
  House house;
  const auto instance = house.running("specimen");
  house.desk->told.clear();
  REQUIRE(instance->invoke(call("flood", {}, house.desk)).ok());
  const std::vector<std::string>& told = house.desk->told;
  const auto with = [&](std::string_view part) {
    return std::count_if(told.begin(), told.end(), [&](const auto& text) { return text.find(part) != text.npos; });
  };
  CHECK(with(" record") == 10'001);  // and the one that says it
  CHECK(with("2000 log records were dropped") == 1);
  CHECK(with("progress ") < 900);
  CHECK(with("progress 1.00 part") == 1);
}

TEST_CASE("the context tells absent from null, and its own failure from both") {
  House house;
  const auto instance = house.running("specimen");
  CHECK(instance->invoke(call("context", "sales", house.desk)).take() == Value::list({1, 2}));
  CHECK(instance->invoke(call("context", "nothing", house.desk)).take().is_null());
  CHECK(instance->invoke(call("context", "other", house.desk)).take().as_string() == "absent");
  CHECK(instance->invoke(call("context", "sales")).take().as_string() == "absent");
  const Outcome broken = instance->invoke(call("context", "broken", house.desk));
  CHECK(broken.ended == Ended::error);
  CHECK(std::string(broken.error->what()) == "the context is broken");
  CHECK(broken.error->code() == Code::internal);
}

TEST_CASE("a service answers, and knows who asks on whose behalf") {
  House house;
  const auto instance = house.running("specimen");
  house.desk->greeter = [](const std::string& method, const Value& input, const Chain& chain) {
    return Value(method + " " + std::string(input.as_string()) + " for " + chain.describe());
  };
  Call greet = call("service", "Ada", house.desk);
  greet.chain = Chain().entered(999'999, "outer");
  CHECK(instance->invoke(greet).take().as_string() == "greet Ada for outer -> specimen");
  const Outcome unknown = instance->invoke(call("service", "Ada"));
  CHECK(unknown.error->code() == Code::not_found);
  CHECK(std::string(unknown.error->what()) == "no service 'Greeter'");
}

TEST_CASE("entering an instance again within its own chain is a conflict that names the cycle, not a deadlock") {
  House house;
  const auto instance = house.running("specimen", 4);
  house.desk->greeter = [&](const std::string&, const Value&, const Chain& chain) {
    Call again = call("echo", 1);
    again.chain = chain;
    return instance->invoke(again).take();
  };
  const Outcome outcome = instance->invoke(call("service", "x", house.desk));
  CHECK(outcome.error->code() == Code::conflict);
  CHECK(std::string(outcome.error->what()) == "plugin 'specimen' waits for itself: specimen -> specimen");
}

TEST_CASE("an error keeps its code, message, hint, details and causes; any exception is the plugin's own failure") {
  House house;
  const auto instance = house.running("specimen");
  const Outcome full = instance->invoke(call("fail_error"));
  CHECK(full.ended == Ended::error);
  CHECK(full.error->code() == Code::invalid);
  CHECK(std::string(full.error->what()) == "bad input");
  CHECK(full.error->hint() == "send a better one");
  CHECK(full.error->detail("key") == "x");
  CHECK(full.error->detail("plugin") == "specimen");
  CHECK(full.error->cause()->code() == Code::not_found);
  CHECK(full.error->describe() == "bad input: no x");

  CHECK(std::string(instance->invoke(call("fail_std")).error->what()) == "api_key is required");
  CHECK(instance->invoke(call("fail_std")).error->code() == Code::plugin);
  CHECK(instance->invoke(call("fail_nested")).error->describe() == "outer: inner");
  CHECK(std::string(instance->invoke(call("fail_int")).error->what()) ==
        "the plugin threw something that is no std::exception");
  CHECK(instance->invoke(call("dance")).error->code() == Code::unsupported);
}

TEST_CASE("memory for a result lives as long as the result, from the run's memory when there is one") {
  House house;
  const auto instance = house.running("specimen");
  Value kept;
  {
    kept = instance->invoke(call("tensor")).take();
    CHECK(instance->invoke(call("tensor")).ok());
  }
  CHECK(static_cast<const double*>(kept.as_tensor().data)[2] == 2.5);

  Call with_memory = call("tensor");
  with_memory.memory = RunMemory::make();
  const auto memory = with_memory.memory;
  Value shared = instance->invoke(std::move(with_memory)).take();
  CHECK(memory->find(shared.as_tensor().data, 24).has_value());
  CHECK(memory->bytes_in_use() > 0);
  shared = {};
  CHECK(memory->bytes_in_use() == 0);

  const Outcome greedy = instance->invoke(call("greed"));
  CHECK(greedy.error->code() == Code::busy);
}

TEST_CASE("values that break a rule are the plugin's failure, and the instance goes on") {
  House house;
  const auto instance = house.running("liar");
  const auto lie = [&](const char* which) {
    const Outcome outcome = instance->invoke(call("", which));
    CHECK(outcome.ended == Ended::error);
    CHECK(outcome.error->code() == Code::plugin);
    const std::string text = outcome.error->what();
    const std::string start = "the plugin returned a value that ";
    return text.starts_with(start) ? text.substr(start.size()) : text;
  };
  CHECK(lie("kind") == "is of kind 99, which does not exist");
  CHECK(lie("null list") == "is a list of 3 at NULL");
  CHECK(lie("endless text") == "is a string of 18446744073709551615 at NULL");
  CHECK(lie("no utf8") == "has a string that is not UTF-8");
  CHECK(lie("twins") == "has the key 'a' twice");
  CHECK(lie("endless map") == "is a map of 18446744073709551615 keys");
  CHECK(lie("deep").starts_with("nests deeper than 128 levels"));
  CHECK(lie("wide").starts_with("holds more than 4000000 values"));
  CHECK(lie("tensor of a negative size") == "is a tensor with an impossible shape");
  CHECK(lie("no such dtype") == "is a tensor of dtype 13, which does not exist");
  CHECK(lie("endless tensor") == "is a tensor with an impossible shape");
  CHECK(lie("unaligned") == "is a tensor that is not aligned to its elements");
  CHECK(lie("no release") == "is a tensor without retain or release");
  CHECK(lie("no tensor") == "is a tensor at NULL");
  CHECK(lie("no struct table") == "is a table that is no struct array");
  CHECK(lie("table without columns") == "is a table schema of 2 at NULL");
  CHECK(lie("negative table") == "is a table of -5 rows");
  CHECK(lie("status") == "plugin 'liar' failed with status 77 and did not say why");

  CHECK(instance->invoke(call("", "reserved")).take().as_string() == "static text");
  CHECK(instance->invoke(call("", "just deep enough")).ok());
  const Outcome mute = instance->invoke(call("", "error value"));
  CHECK(mute.error->code() == Code::invalid);
  CHECK(mute.error->cause() != nullptr);
  CHECK(std::string(instance->invoke(call("", "error text")).error->what()) == "only words");
}

TEST_CASE("the lifecycle is kept: verbs in order, calls only where they may be") {
  House house;
  const auto instance = house.load("specimen");
  CHECK(instance->state() == plugin::State::loaded);
  CHECK(instance->usable());
  const Outcome early = instance->invoke(call("echo"));
  CHECK(early.ended == Ended::denied);
  CHECK(early.error->code() == Code::conflict);
  CHECK(std::string(early.error->what()) == "Cannot call echo with plugin in state LOADED");
  CHECK(error_of([&] { instance->start(); }) == "Cannot start plugin in state LOADED");
  instance->initialize();
  CHECK(instance->invoke(call("echo")).ok());
  instance->start();
  CHECK(instance->state() == plugin::State::running);
  instance->stop();
  CHECK(instance->invoke(call("echo")).ended == Ended::denied);
  instance->start();
  instance->cleanup();
  instance->cleanup();
  CHECK(instance->state() == plugin::State::cleaned_up);
  CHECK_FALSE(instance->usable());
  CHECK(house.desk->told == std::vector<std::string>{"20 initialize", "20 start", "20 stop", "20 start", "20 stop"});
}

TEST_CASE("a hook that fails fails the verb with its cause, and the instance is FAILED") {
  House house;
  CHECK(error_of([&] {
          (void)house.load("specimen", Value::map({{"fail", "load"}}));
        }) == "Failed to load plugin: broken load");
  const auto instance = house.load("specimen", Value::map({{"fail", "initialize"}}));
  CHECK(error_of([&] { instance->initialize(); }) == "Failed to initialize plugin: broken initialize");
  CHECK(instance->state() == plugin::State::failed);
  CHECK_FALSE(instance->usable());
  const Outcome outcome = instance->invoke(call("echo"));
  CHECK(std::string(outcome.error->what()) == "Cannot call echo with plugin in state FAILED");
  CHECK(outcome.error->describe().find("broken initialize") != std::string::npos);
}

TEST_CASE("a hook that takes too long is given up, and what it does later changes nothing") {
  House house;
  Gate gate;
  const auto instance =
      house.load("specimen", Value::map({{"deaf", "initialize"}, {"gate", gate.address()}}), 1, 500ms);
  CHECK(error_of([&] { instance->initialize(); }) == "Failed to initialize plugin: no answer within 500 ms");
  CHECK(instance->state() == plugin::State::failed);
  CHECK_FALSE(instance->usable());
  gate.open = true;
  instance->cleanup();  // waits for it
  CHECK(instance->state() == plugin::State::cleaned_up);
  CHECK(house.desk->told.empty());
}

TEST_CASE("one call at a time: a second one is busy, and with concurrency others go side by side") {
  House house;
  for (const std::uint32_t slots : {1u, 2u}) {
    CAPTURE(slots);
    const auto instance = house.running("specimen", slots);
    std::vector<std::thread> threads;
    const CancelToken cancel = CancelToken::make();
    std::atomic<std::uint32_t> ended{0};
    for (std::uint32_t i = 0; i < slots; ++i) {
      Call waiting = call("wait");
      waiting.cancel = cancel;
      instance->start(waiting, [&](Outcome outcome) {
        CHECK(outcome.ended == Ended::cancelled);
        ++ended;
      });
    }
    const Outcome busy = instance->invoke(call("echo"));
    CHECK(busy.ended == Ended::denied);
    CHECK(busy.error->code() == Code::busy);
    CancelToken(cancel).cancel("enough");
    wait_until([&] { return ended == slots; });
    CHECK(instance->invoke(call("echo")).ok());
  }
}

TEST_CASE("many threads share one instance: each call is answered once or busy, and none overlaps") {
  House house;
  const auto instance = house.running("specimen");
  std::atomic<std::int64_t> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const Outcome outcome =
            t % 2 == 0 ? instance->invoke(call("count")) : instance->invoke(within(call("count"), 5s));
        if (outcome.ok())
          ++answered;
        else
          CHECK(outcome.error->code() == Code::busy);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(instance->invoke(call("count")).take().as_int64() == answered + 1);
}

TEST_CASE("a plugin that heeds its deadline or a cancel ends as such and stays usable") {
  House house;
  const auto instance = house.running("specimen");
  const Outcome late = instance->invoke(within(call("wait"), 20ms));
  CHECK(late.ended == Ended::timeout);
  CHECK(late.error->code() == Code::timeout);
  wait_until([&] { return instance->usable(); });

  Call waiting = within(call("wait"), 5s);
  waiting.cancel = CancelToken::make();
  std::thread canceller([token = waiting.cancel]() mutable {
    std::this_thread::sleep_for(20ms);
    token.cancel("the user said so");
  });
  const Outcome cancelled = instance->invoke(waiting);
  canceller.join();
  CHECK(cancelled.ended == Ended::cancelled);
  CHECK(cancelled.error->code() == Code::cancelled);
  wait_until([&] { return instance->usable(); });
  CHECK(instance->invoke(call("echo")).ok());
  CHECK(instance->invoke(waiting).ended == Ended::cancelled);
}

TEST_CASE("a plugin that is deaf to its deadline is left alone until it comes back") {
  House house;
  const auto instance = house.running("specimen");
  for (const bool by_completion : {false, true}) {
    CAPTURE(by_completion);
    Gate gate;
    const Call deaf = within(call("deaf", gate.address()), 30ms);
    const Outcome outcome = by_completion ? started(*instance, deaf) : instance->invoke(deaf);
    CHECK(outcome.ended == Ended::timeout);
    CHECK(std::string(outcome.error->what()) == "plugin 'specimen' did not end 'call deaf' by its deadline");
    CHECK_FALSE(instance->usable());
    const Outcome next = instance->invoke(call("echo"));
    CHECK(next.ended == Ended::denied);
    CHECK(next.error->code() == Code::busy);
    gate.open = true;
    wait_until([&] { return instance->usable(); });
    CHECK(instance->invoke(call("echo", 5)).take() == Value(5));
  }
}

TEST_CASE("a plugin that is deaf to a cancel is given up after the grace period") {
  House house;
  const auto instance = house.running("specimen");
  for (const bool by_completion : {false, true}) {
    CAPTURE(by_completion);
    Gate gate;
    Call deaf = within(call("deaf", gate.address()), 60s);
    deaf.cancel = CancelToken::make();
    std::thread canceller([token = deaf.cancel]() mutable {
      std::this_thread::sleep_for(10ms);
      token.cancel("enough");
    });
    const Outcome outcome = by_completion ? started(*instance, deaf) : instance->invoke(deaf);
    canceller.join();
    CHECK(outcome.ended == Ended::cancelled);
    CHECK(std::string(outcome.error->what()).find("did not come back within 50 ms: enough") != std::string::npos);
    CHECK_FALSE(instance->usable());
    gate.open = true;
    wait_until([&] { return instance->usable(); });
  }
}

TEST_CASE("letting go of an instance with a call inside leaves that call alone and cleans up when it is out") {
  House house;
  Gate gate;
  const auto marker = std::filesystem::temp_directory_path() / ("mortise_marker_" + std::to_string(::getpid()));
  std::filesystem::remove(marker);
  auto instance = house.load("specimen", Value::map({{"marker", marker.string()}}));
  instance->initialize();
  CHECK(instance->invoke(within(call("deaf", gate.address()), 10ms)).ended == Ended::timeout);
  instance.reset();
  CHECK_FALSE(std::filesystem::exists(marker));
  gate.open = true;
  wait_until([&] { return std::filesystem::exists(marker); });
  std::filesystem::remove(marker);
}
