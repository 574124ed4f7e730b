// What the tests of this room stand on: a runtime whose workers are scripted, and a host that keeps what they tell.
#pragma once

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "os/paths.h"
#include "os/process.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"

namespace mortise::runtime::scripted {

// build/bin, wherever this test program lies in build/bin/tests.
inline std::string programs() { return os::parent_of(os::parent_of(os::own_executable())); }

inline RuntimePaths scripted_paths() {
  RuntimePaths paths = RuntimePaths::beside(programs() + "/mortise");
  paths.worker = programs() + "/tests/scripted_worker";
  return paths;
}

inline plugin::Descriptor scripted_plugin(std::string id, const std::function<void(plugin::Descriptor&)>& change = {}) {
  plugin::Descriptor descriptor;
  descriptor.id = std::move(id);
  descriptor.version_text = "1.0.0";
  descriptor.language = "c++";
  descriptor.folder = "/tmp";
  descriptor.entry = "scripted";
  if (change) change(descriptor);
  return descriptor;
}

// The lines of a log.
struct Lines {
  std::mutex mutex;
  std::string text;
  [[nodiscard]] Log log() {
    Log::Options options;
    options.level = Log::Level::debug;
    options.lines = [this](std::string_view line) {
      const std::lock_guard lock(mutex);
      text.append(line).append("\n");
    };
    return Log(options);
  }
  void forget() {
    const std::lock_guard lock(mutex);
    text.clear();
  }
  [[nodiscard]] bool has(std::string_view part) {
    const std::lock_guard lock(mutex);
    return text.find(part) != std::string::npos;
  }
};

// Keeps what a call tells, and notices two calls at once.
class Diary final : public CallHost {
 public:
  struct Record {
    LogLevel level;
    std::string message;
    Value fields;
  };
  std::vector<Record> records;
  std::atomic<bool> begun{false};  // the worker says that it works on the call
  std::vector<double> progresses;
  Value values = Value::map();
  std::function<Value(const Value&, const Chain&)> serve;
  std::atomic<int> inside{0};
  std::atomic<bool> crowded{false};

  void log(LogLevel level, std::string_view message, const Value& fields) override {
    const Entry entry(*this);
    records.push_back({level, std::string(message), fields});
    if (message == "begun") begun = true;
  }
  void progress(double fraction, std::string_view) override {
    const Entry entry(*this);
    progresses.push_back(fraction);
  }
  std::optional<Value> context(std::string_view key) override {
    const Entry entry(*this);
    const Value* value = values.find(key);
    return value == nullptr ? std::nullopt : std::optional<Value>(*value);
  }
  Value service(std::string_view name, std::string_view method, const Value& input, const Chain& chain) override {
    const Entry entry(*this);
    if (!serve) throw Error(Code::not_found, "no service '" + std::string(name) + "." + std::string(method) + "'");
    return serve(input, chain);
  }
  [[nodiscard]] bool told(std::string_view part) const {
    return std::any_of(records.begin(), records.end(),
                       [&](const Record& r) { return r.message.find(part) != std::string::npos; });
  }

 private:
  struct Entry {
    explicit Entry(Diary& diary) : d(diary) {
      if (++d.inside > 1) d.crowded = true;
    }
    ~Entry() { --d.inside; }
    Diary& d;
  };
};

inline RuntimeSettings quick() {
  RuntimeSettings settings;
  settings.sandbox = RuntimeSettings::Sandbox::DANGEROUSLY_off;  // scripted workers tell their pid, and it shall be the host's
  settings.grace = std::chrono::milliseconds(200);
  settings.handshake = std::chrono::milliseconds(3'000);
  settings.deadline = std::chrono::milliseconds(20'000);
  return settings;
}

struct House {
  Lines lines;
  Log log = lines.log();
  plugin::Registry registry;
  Runtime runtime;

  explicit House(RuntimeSettings settings = quick()) : runtime(registry, log, scripted_paths(), std::move(settings)) {}

  void add(plugin::Descriptor descriptor) { registry.add(std::move(descriptor)); }
};

inline Call ask(std::string method, Value input = {}) {
  Call call;
  call.operation = Operation::call;
  call.method = std::move(method);
  call.input = std::move(input);
  return call;
}

// Makes the call in both ways: by the caller's thread, and by the reactor.
enum class Way { invoke, start };
inline Outcome make(House& house, Way way, std::string_view plugin, Call call, const Value& config = {}) {
  if (way == Way::invoke) return house.runtime.invoke(plugin, config, std::move(call));
  Outcome outcome;
  std::atomic<int> times{0};
  house.runtime.start(plugin, config, std::move(call), [&](Outcome result) {
    outcome = std::move(result);
    ++times;
    times.notify_all();
  });
  times.wait(0);
  CHECK(times == 1);
  return outcome;
}

inline bool soon(const std::function<bool()>& condition, std::chrono::milliseconds within = std::chrono::seconds(10)) {
  const auto until = Clock::now() + within;
  while (Clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

inline bool alive(std::int64_t pid) { return ::kill(static_cast<pid_t>(pid), 0) == 0; }

}  // namespace mortise::runtime::scripted
