// Workers from outside: one scripted misdeed each, made in both ways of calling.
#include <doctest/doctest.h>

#include <cstring>

#include "data/buffer.h"
#include "data/tensor.h"
#include "os/file.h"
#include "runtime/arena.h"
#include "runtime/scripted/house.h"

using namespace mortise;
using namespace mortise::runtime;
using namespace mortise::runtime::scripted;
using namespace std::chrono_literals;

namespace {

constexpr Way both[] = {Way::invoke, Way::start};

// After a misdeed the next call gets a fresh worker and works.
void check_replaced(House& house, std::int64_t old_pid) {
  const Outcome next = house.runtime.invoke("x", ask("pid"));
  REQUIRE(next.ok());
  CHECK(next.value.as_int64() != old_pid);
  CHECK(next.pid == next.value.as_int64());
  CHECK(soon([&] { return !alive(old_pid); }));
}

Value large(std::size_t size, char first, char last) {
  data::Block block = data::allocate_block(size);
  std::memset(block.bytes.data(), 'm', size);
  block.bytes.front() = static_cast<std::byte>(first);
  block.bytes.back() = static_cast<std::byte>(last);
  return Value::bytes({reinterpret_cast<const char*>(block.bytes.data()), size});
}

}  // namespace

TEST_CASE("values go to a worker and come back, whichever way the call is made") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const Value value =
        Value::map({{"text", "grüße"}, {"list", Value::list({1, 2.5, nullptr, true})}, {"$odd", Time{5}}});
    const Outcome outcome = make(house, way, "x", ask("echo", value));
    REQUIRE(outcome.ok());
    CHECK(outcome.value == value);
    CHECK(outcome.elapsed > 0ns);
    CHECK(outcome.pid > 0);
    CHECK(outcome.bytes_copied == 0);
  }
  CHECK(house.runtime.instances().size() == 1);
}

TEST_CASE("a plugin's error keeps its code, hint and causes, and the worker stays") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const Outcome outcome = make(house, way, "x", ask("fail"));
    CHECK(outcome.ended == Ended::error);
    REQUIRE(outcome.error);
    CHECK(outcome.error->code() == Code::conflict);
    CHECK(outcome.error->hint() == "wait");
    CHECK(outcome.error->describe() == "the table is locked: pid 7 has it");
    CHECK(outcome.error->detail("plugin") == "x");
  }
  CHECK(house.runtime.stats().front().restarts == 0);
}

TEST_CASE("a worker that dies is reported with how it ended and its last words, and is replaced") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const auto pid = house.runtime.invoke("x", ask("pid")).value.as_int64();
    const Outcome aborted = make(house, way, "x", ask("abort"));
    CHECK(aborted.ended == Ended::crashed);
    REQUIRE(aborted.error);
    CHECK(aborted.error->code() == Code::plugin);
    CHECK(std::string(aborted.error->what()) == "worker 'x' killed by signal 6 (SIGABRT)");
    CHECK(aborted.error->detail("stderr") == "assertion failed: rows > 0");
    CHECK_FALSE(aborted.cleanup_skipped);
    check_replaced(house, pid);
    CHECK(std::string(make(house, way, "x", ask("exit", 3)).error->what()) == "worker 'x' exited with status 3");
  }
  CHECK(house.runtime.stats().front().restarts == 4);
}

TEST_CASE("a result that was sent counts, even when the worker ends right behind it") {
  House house;
  house.add(scripted_plugin("x", [](auto& d) { d.lifetime = plugin::Lifetime::per_call; }));
  for (const Way way : both) {
    for (int i = 0; i < 20; ++i) CHECK(make(house, way, "x", ask("answer_and_exit")).value == Value("last words"));
  }
}

TEST_CASE("a worker killed in mid-call is a crash, not a hang") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const auto pid = house.runtime.invoke("x", ask("pid")).value.as_int64();
    std::thread killer([&] {
      std::this_thread::sleep_for(100ms);
      ::kill(static_cast<pid_t>(pid), SIGKILL);
    });
    const Outcome outcome = make(house, way, "x", ask("sleep_ms", 60'000));
    killer.join();
    CHECK(outcome.ended == Ended::crashed);
    CHECK(outcome.error->detail("exit") == "killed by signal 9 (SIGKILL)");
  }
}

TEST_CASE("a worker that overruns its deadline and ignores everything is killed after the grace") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const auto pid = house.runtime.invoke("x", ask("pid")).value.as_int64();
    Call call = ask("loop_deaf");
    call.deadline = Clock::now() + 100ms;
    const auto began = Clock::now();
    const Outcome outcome = make(house, way, "x", std::move(call));
    const auto took = Clock::now() - began;
    CHECK(outcome.ended == Ended::killed);
    CHECK(outcome.error->code() == Code::timeout);
    CHECK(std::string(outcome.error->what()).find(" ms and was killed 200 ms later") != std::string::npos);
    CHECK(outcome.cleanup_skipped);
    CHECK(took >= 300ms);
    CHECK(took < 3s);
    check_replaced(house, pid);
  }
}

TEST_CASE("a worker that stops when its deadline passes is a timeout, and stays") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const auto pid = house.runtime.invoke("x", ask("pid")).value.as_int64();
    Call call = ask("until_cancelled");
    call.deadline = Clock::now() + 50ms;
    const Outcome outcome = make(house, way, "x", std::move(call));
    CHECK(outcome.ended == Ended::timeout);
    CHECK(outcome.error->code() == Code::timeout);
    CHECK_FALSE(outcome.cleanup_skipped);
    CHECK(house.runtime.invoke("x", ask("pid")).value.as_int64() == pid);
  }
}

TEST_CASE("a cancelled call ends cancelled when the worker obeys, and killed when it does not") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    for (const char* method : {"until_cancelled", "loop_deaf"}) {
      Call call = ask(method);
      call.cancel = CancelToken::make();
      auto diary = std::make_shared<Diary>();
      call.host = diary;
      std::thread canceller([diary, token = call.cancel]() mutable {
        CHECK(soon([&] { return diary->begun.load(); }));
        token.cancel("the user left");
      });
      const Outcome outcome = make(house, way, "x", std::move(call));
      canceller.join();
      CHECK(outcome.error->code() == Code::cancelled);
      const bool obeys = std::strcmp(method, "until_cancelled") == 0;
      CHECK(outcome.ended == (obeys ? Ended::cancelled : Ended::killed));
      CHECK(outcome.cleanup_skipped == !obeys);
      if (!obeys) CHECK(outcome.error->detail("reason") == "the user left");
    }
    Call late = ask("echo");
    late.cancel = CancelToken::make();
    late.cancel.cancel("before");
    CHECK(make(house, way, "x", std::move(late)).ended == Ended::cancelled);
  }
}

TEST_CASE("whatever breaks the protocol kills the worker and says what it was, with the number") {
  House house;
  house.add(scripted_plugin("x"));
  const std::pair<const char*, const char*> misdeeds[] = {
      {"garbage", "it does not begin with MTSE"},
      {"absurd_header", "4294967295"},
      {"absurd_segments", "2147483647"},
      {"unknown_type", "gossip"},
      {"host_message", "bye"},
      {"no_json", "broke the protocol"},
      {"other_id", "a result for call 10"},
      {"ask_without_reading", "before it read the reply"},
      {"descriptor", "descriptors"},
  };
  for (const Way way : both) {
    for (const auto& [method, text] : misdeeds) {
      CAPTURE(method);
      const auto pid = house.runtime.invoke("x", ask("pid")).value.as_int64();
      const Outcome outcome = make(house, way, "x", ask(method));
      CHECK(outcome.ended == Ended::killed);
      REQUIRE(outcome.error);
      CHECK(outcome.error->code() == Code::plugin);
      const std::string what = outcome.error->what();
      CAPTURE(what);
      CHECK(what.starts_with("worker 'x' broke the protocol: "));
      CHECK(what.find(text) != std::string::npos);
      CHECK(outcome.cleanup_skipped);
      check_replaced(house, pid);
    }
  }
}

TEST_CASE("a connection that ends in the middle of a message, or before its process, is told apart") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const Outcome half = make(house, way, "x", ask("half_frame"));
    CHECK(half.ended == Ended::crashed);
    CHECK(std::string(half.error->what()) == "worker 'x' exited with status 0 in the middle of a message");
    const Outcome closed = make(house, way, "x", ask("close"));
    CHECK(closed.ended == Ended::crashed);
    CHECK(std::string(closed.error->what()) == "worker 'x' closed its connection and did not end");
  }
}

TEST_CASE("a second answer to a call breaks the protocol between calls") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    for (const char* method : {"answer_twice", "gossip_later"}) {
      const Outcome outcome = make(house, way, "x", ask(method));
      CHECK(outcome.ok());
      CHECK(soon([&] { return !alive(outcome.pid); }));
      CHECK(house.lines.has("it sent 'result' while no call was open"));
      CHECK(house.runtime.invoke("x", ask("echo", 1)).ok());
    }
  }
}

TEST_CASE("a worker that dies between calls is noticed and replaced before the next one") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const Outcome outcome = make(house, way, "x", ask("die_later"));
    REQUIRE(outcome.ok());
    CHECK(soon([&] { return house.lines.has("ended between calls: exited with status 5"); }));
    for (int i = 0; i < 3; ++i) CHECK(house.runtime.invoke("x", ask("echo", i)).ok());
    house.lines.forget();
  }
}

TEST_CASE("a call that finds its worker dead goes to a fresh one, whichever way it is made") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    for (int i = 0; i < 20; ++i) {
      const auto pid = house.runtime.invoke("x", ask("pid")).value.as_int64();
      const os::Fd process = os::open_process(static_cast<pid_t>(pid));
      REQUIRE(os::send_signal(process, SIGKILL));
      while (os::is_running(process)) std::this_thread::yield();
      const Outcome outcome = make(house, way, "x", ask("pid"));  // before anybody was told
      REQUIRE_MESSAGE(outcome.ok(), outcome.error->describe());
      CHECK(outcome.value.as_int64() != pid);
      CHECK(outcome.pid == outcome.value.as_int64());
    }
  }
}

TEST_CASE("what an idle worker logs arrives without another call") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    CHECK(make(house, way, "x", ask("log_later")).ok());
    CHECK(soon([&] { return house.lines.has("between calls"); }));
    house.lines.forget();
  }
}

TEST_CASE("what a worker prints belongs to its call, whole lines and unfinished ones, as valid text") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    auto diary = std::make_shared<Diary>();
    Call call = ask("say");
    call.host = diary;
    CHECK(make(house, way, "x", std::move(call)).ok());
    CHECK(diary->told("to stdout"));
    CHECK(diary->told("to stderr \xEF\xBF\xBD"));
    CHECK(diary->told("unfinished"));
    CHECK(diary->records.back().fields.at("stream") == Value("stderr"));
    CHECK_FALSE(diary->crowded);
  }
}

TEST_CASE("a plugin that prints 100 MB neither blocks nor grows the host: a part is kept, the rest counted once") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    auto diary = std::make_shared<Diary>();
    Call call = ask("print", 100'000'000);
    call.host = diary;
    call.deadline = Clock::now() + 60s;
    CHECK(make(house, way, "x", std::move(call)).ok());
    std::size_t kept = 0;
    int notices = 0;
    for (const auto& record : diary->records) {
      kept += record.message.size();
      const Value* dropped = record.fields.find("dropped_bytes");
      if (dropped != nullptr) {
        ++notices;
        CHECK(dropped->as_int64() > 98'000'000);
        CHECK(dropped->as_int64() < 100'000'000);
      }
    }
    CHECK(kept <= (1U << 20) + 200);
    CHECK(kept > 900'000);
    CHECK(notices == 1);
  }
}

TEST_CASE("log records beyond the limit are dropped and said once; progress is thinned and its last word arrives") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    auto diary = std::make_shared<Diary>();
    Call call = ask("logs", 12'000);
    call.host = diary;
    CHECK(make(house, way, "x", std::move(call)).ok());
    CHECK(diary->records.size() == 10'001);
    CHECK(diary->told("2000 log records were dropped"));
    CHECK(diary->records.front().message == "record 0");
    REQUIRE_FALSE(diary->progresses.empty());
    CHECK(diary->progresses.back() == 1.0);
    CHECK(diary->progresses.size() < 50);
    CHECK_FALSE(diary->crowded);
  }
}

TEST_CASE("a worker reads the context; a missing key is not a null one") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    auto diary = std::make_shared<Diary>();
    diary->values = Value::map({{"rows", Value::list({1, 2})}, {"nothing", nullptr}});
    const auto read = [&](const char* key) {
      Call call = ask("context", key);
      call.host = diary;
      return make(house, way, "x", std::move(call));
    };
    CHECK(read("rows").value == Value::list({1, 2}));
    CHECK(read("nothing").ok());
    CHECK(read("gone").error->code() == Code::not_found);
    CHECK(make(house, way, "x", ask("context", "rows")).error->code() == Code::not_found);  // no host at all
  }
}

TEST_CASE("a service may take its time without holding up other calls, and its chain names who asks") {
  House house;
  house.add(scripted_plugin("x"));
  house.add(scripted_plugin("y"));
  for (const Way way : both) {
    auto diary = std::make_shared<Diary>();
    diary->serve = [&](const Value& input, const Chain& chain) {
      CHECK(chain.describe() == "x");
      // Another call through the same reactor, while this one waits.
      CHECK(make(house, way, "y", ask("echo", 1)).ok());
      std::this_thread::sleep_for(std::chrono::milliseconds(input.as_int64()));
      return Value(42);
    };
    Call call = ask("service", 50);
    call.host = diary;
    const Outcome outcome = make(house, way, "x", std::move(call));
    CHECK(outcome.value == Value(42));
  }
}

TEST_CASE(
    "a deadline holds while a service is asked: the worker is killed, the outcome comes when the service returns") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const auto pid = house.runtime.invoke("x", ask("pid")).value.as_int64();
    auto diary = std::make_shared<Diary>();
    bool dead_in_time = false;
    diary->serve = [&](const Value&, const Chain&) {
      dead_in_time = soon([&] { return !alive(pid); }, 5s);
      return Value(1);
    };
    Call call = ask("service", 0);
    call.host = diary;
    call.deadline = Clock::now() + 100ms;
    const Outcome outcome = make(house, way, "x", std::move(call));
    CHECK(dead_in_time);
    CHECK(outcome.ended == Ended::killed);
    CHECK(outcome.error->code() == Code::timeout);
    CHECK_FALSE(diary->crowded);
  }
}

TEST_CASE("an instance that would wait for itself is a conflict that names the cycle") {
  House house;
  house.add(scripted_plugin("x", [](auto& d) { d.max_instances = 1; }));
  for (const Way way : both) {
    auto diary = std::make_shared<Diary>();
    diary->serve = [&](const Value&, const Chain& chain) {
      Call inner = ask("echo");
      inner.chain = chain;
      Outcome outcome = make(house, way, "x", std::move(inner));
      CHECK(outcome.ended == Ended::denied);
      CHECK(outcome.error->code() == Code::conflict);
      return Value(outcome.error->what());
    };
    Call call = ask("service", 0);
    call.host = diary;
    CHECK(make(house, way, "x", std::move(call)).value.as_string().find("x -> x") != std::string::npos);
  }
}

// ---- shared memory ---------------------------------------------------------------------------------------------------

TEST_CASE("large values travel through shared memory, copied once each way and counted") {
  House house;
  house.add(scripted_plugin("x"));
  constexpr std::size_t size = 3'000'000;
  for (const Way way : both) {
    const Outcome outcome = make(house, way, "x", ask("first_and_last", large(size, 'a', 'z')));
    CHECK(outcome.value == Value("az"));
    CHECK(outcome.bytes_copied == size);
    const Outcome filled = make(house, way, "x", ask("fill", 1'000'000));
    REQUIRE(filled.ok());
    CHECK(filled.value.as_bytes().size() == 1'000'000);
    CHECK(filled.value.as_bytes().back() == 'f');
  }
}

TEST_CASE("a tensor in a run's memory goes to a worker without a copy, which cannot write it") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    const auto memory = RunMemory::make();
    const auto block = memory->allocate(800'000);
    std::memset(block->data(), 0, block->size());
    const Value tensor = data::make_tensor(data::Dtype::fp64, {100'000}, {{block->data(), 800'000}, block});
    Call call = ask("echo_nothing", tensor);
    call.memory = memory;
    CHECK(make(house, way, "x", std::move(call)).ok());
    Call writing = ask("write_input", Value::bytes("x"));
    writing.memory = memory;
    const Outcome outcome = make(house, way, "x", std::move(writing));
    REQUIRE(outcome.ok());
    CHECK(outcome.value.at("writable") == Value(false));
  }
}

TEST_CASE("when a run is over, its memory leaves an idle worker without another call") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    auto memory = RunMemory::make();
    Call call = ask("first_and_last", large(500'000, 'a', 'z'));
    call.memory = memory;
    const Outcome outcome = make(house, way, "x", std::move(call));
    REQUIRE(outcome.ok());
    const auto maps = [&] { return os::read_file("/proc/" + std::to_string(outcome.pid) + "/maps", 1U << 20); };
    CHECK(maps().find("memfd:mortise-run") != std::string::npos);
    memory.reset();
    CHECK(soon([&] { return maps().find("memfd:mortise-run") == std::string::npos; }));
  }
}

TEST_CASE("a worker gets no more shared memory than its quota, and other calls still work") {
  House house;
  house.add(scripted_plugin("x", [](auto& d) { d.limits.memory_bytes = 32U << 20; }));
  for (const Way way : both) {
    CHECK(make(house, way, "x", ask("fill", 3U << 20)).ok());
    CHECK(make(house, way, "x", ask("fill", 9U << 20)).ok());
    CHECK(make(house, way, "x", ask("fill", 24U << 20)).ok());  // arenas of earlier calls make room
    const Outcome outcome = make(house, way, "x", ask("fill", (24U << 20) + 1));
    CHECK(outcome.ended == Ended::error);
    CHECK(outcome.error->code() == Code::busy);
    CHECK(std::string(outcome.error->what()).find("25165824") != std::string::npos);
    CHECK(make(house, way, "x", ask("fill", 1U << 20)).ok());
  }
}

TEST_CASE("a result that names memory it has not is the plugin's error") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    for (const char* method : {"beyond", "unknown_arena"}) {
      const Outcome outcome = make(house, way, "x", ask(method, 1000));
      CHECK(outcome.ended == Ended::error);
      CHECK(outcome.error->code() == Code::plugin);
      CAPTURE(outcome.error->describe());
      CHECK(outcome.error->describe().find("arena") != std::string::npos);
    }
  }
}

// ---- lifecycle -------------------------------------------------------------------------------------------------------

TEST_CASE("a plugin that does not load, initialize or start is an outcome with its own words") {
  House house;
  house.add(scripted_plugin("x"));
  for (const Way way : both) {
    for (const char* verb : {"load", "initialize", "start"}) {
      CAPTURE(verb);
      const auto config = [&](const char* what) { return Value::map({{"at", verb}, {"do", what}}); };
      const Outcome failed = make(house, way, "x", ask("echo"), config("fail"));
      CHECK(failed.ended == Ended::denied);
      CHECK(failed.error->code() == Code::invalid);
      CHECK(std::string(failed.error->what()) == "Failed to " + std::string(verb) + " plugin: no such database");
      const Outcome died = make(house, way, "x", ask("echo"), config("die"));
      CHECK(died.ended == Ended::error);
      CHECK(std::string(died.error->describe()).find("exited with status 4") != std::string::npos);
      (void)house.runtime.release("x");  // which five deaths in a row would have rest
    }
  }
  CHECK(house.runtime.instances().empty());
}

TEST_CASE("a worker that never says ready, dies first, babbles or speaks another version does not start") {
  RuntimeSettings settings = quick();
  settings.handshake = 300ms;
  House house(settings);
  const std::pair<const char*, const char*> cases[] = {
      {"silent", "did not say that it is ready within 300 ms"},
      {"dies", "exited with status 7"},
      {"babbles", "does not begin with MTSE"},
      {"future", "speaks version 99"},
  };
  for (const auto& [entry, text] : cases) {
    house.add(scripted_plugin(entry, [&, e = entry](auto& d) { d.entry = e; }));
    for (const Way way : both) {
      const Outcome outcome = make(house, way, entry, ask("echo"));
      CHECK_FALSE(outcome.ok());
      CAPTURE(outcome.error->what());
      CHECK(std::string(outcome.error->what()).find(text) != std::string::npos);
    }
  }
}

TEST_CASE("an unknown plugin, a language without a worker and a missing program are refused with a way out") {
  House house;
  house.add(scripted_plugin("r", [](auto& d) { d.language = "cobol"; }));
  for (const Way way : both) {
    CHECK(make(house, way, "nobody", ask("echo")).error->code() == Code::not_found);
    const Outcome outcome = make(house, way, "r", ask("echo"));
    CHECK(outcome.ended == Ended::denied);
    CHECK(outcome.error->code() == Code::unsupported);
  }
}

TEST_CASE("shutdown stops and cleans up every instance, and later calls are refused") {
  const std::string folder = os::make_temporary_directory("/tmp/mortise-test-");
  ::setenv("TMPDIR", folder.c_str(), 1);
  std::int64_t pid = 0;
  {
    House house;
    house.add(scripted_plugin("x"));
    const Value config = Value::map({{"at", "cleanup"}, {"do", "mark"}});
    pid = house.runtime.invoke("x", config, ask("pid")).value.as_int64();
    house.runtime.shutdown();
    CHECK(os::read_file(folder + "/marks", 100) == "x");
    CHECK_FALSE(alive(pid));
    const Outcome late = house.runtime.invoke("x", ask("echo"));
    CHECK(late.ended == Ended::denied);
    CHECK(late.error->code() == Code::busy);
    for (const Way way : both) CHECK_FALSE(make(house, way, "x", ask("echo")).ok());
  }
  ::unsetenv("TMPDIR");
  ::unlink((folder + "/marks").c_str());
  ::rmdir(folder.c_str());
}

TEST_CASE("shutdown ends within its bound although plugins hang in stop, cleanup and calls") {
  RuntimeSettings settings = quick();
  settings.shutdown_bound = 500ms;
  std::vector<std::int64_t> pids;
  const auto began = Clock::now();
  {
    House house(settings);
    for (const char* id : {"a", "b", "c"}) house.add(scripted_plugin(id));
    const auto hang = [](const char* at) { return Value::map({{"at", at}, {"do", "hang"}}); };
    pids.push_back(house.runtime.invoke("a", hang("stop"), ask("pid")).value.as_int64());
    pids.push_back(house.runtime.invoke("b", hang("cleanup"), ask("pid")).value.as_int64());
    pids.push_back(house.runtime.invoke("c", ask("pid")).value.as_int64());
    auto diary = std::make_shared<Diary>();
    std::thread caller([&] {
      Call call = ask("loop_deaf");
      call.host = diary;
      CHECK(house.runtime.invoke("c", std::move(call)).ended == Ended::killed);
    });
    CHECK(soon([&] { return diary->begun.load(); }));
    house.runtime.shutdown();
    caller.join();
  }
  CHECK(Clock::now() - began < 6s);
  for (const std::int64_t pid : pids) CHECK_FALSE(alive(pid));
}

TEST_CASE("when the launcher is killed its workers end, and the next call starts another") {
  House house;
  house.add(scripted_plugin("x"));
  const auto launcher = house.runtime.launcher_pid();
  const auto pid = house.runtime.invoke("x", ask("pid")).value.as_int64();
  ::kill(static_cast<pid_t>(launcher), SIGKILL);
  CHECK(soon([&] { return !alive(pid) && house.lines.has("the launcher ended"); }));
  CHECK(soon([&] { return house.runtime.invoke("x", ask("echo", 1)).ok(); }));
  CHECK(house.runtime.launcher_pid() != launcher);
}
