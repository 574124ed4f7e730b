#include "play.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"
#include "case_host.h"
#include "difference.h"
#include "expect.h"
#include "literal.h"
#include "runtime/arena.h"

namespace conformance {
namespace {

using mortise::Value;
using mortise::runtime::Call;
using mortise::runtime::CancelToken;
using mortise::runtime::Clock;
using mortise::runtime::Ended;
using mortise::runtime::Outcome;
using mortise::runtime::Runtime;
using std::chrono::milliseconds;

using Problem = std::optional<std::string>;

constexpr const char* plugin = "conformance";

const Value& plugin_config() {
  static const Value config = Value::map({{"colour", "red"}});
  return config;
}

std::string text(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found != nullptr ? std::string(found->as_string()) : std::string();
}

std::int64_t number(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found != nullptr ? found->as_int64() : 0;
}

// ---- which cases

// One call each: echo, describe and make.
void add_value_cases(std::vector<Case>& cases, const std::string& name, const Value& entry) {
  const auto call = [](const char* method, const Value& input, const Value& wanted) {
    return Value::map({{"call", method}, {"input", input}, {"expect", Value::map({{"value", wanted}})}});
  };
  const Value& value = entry.at("value");
  const Value& described = entry.at("described");
  cases.push_back({name + " crosses both ways", call("echo", value, value)});
  cases.push_back({name + " is what the plugin sees", call("describe", value, described)});
  if (!entry.has("make")) cases.push_back({name + " is what the plugin makes", call("make", described, value)});
}

bool is_for_a_host(const Value& entry, Where where) {
  if (entry.has("frame") || entry.has("input_json") || entry.has("memory")) return false;
  const std::string op = text(entry, "op");
  if (!op.empty() && !mortise::runtime::operation_named(op)) return false;
  const Value* needs = entry.find("needs");
  return needs == nullptr || ((*needs)[0].as_string() == "worker" && where != Where::in_process);
}

// ---- the call

Call call_of(const Value& spec, const Value& input) {
  Call call;
  if (const std::string op = text(spec, "op"); !op.empty()) call.operation = *mortise::runtime::operation_named(op);
  call.method = text(spec, "call");
  call.input = input;
  call.cancel = CancelToken::make();
  if (const std::int64_t timeout = number(spec, "timeout_ms"); timeout > 0)
    call.deadline = Clock::now() + milliseconds(timeout);
  return call;
}

Outcome invoke(Runtime& runtime, const Value& spec, Call call) {
  const std::int64_t after = number(spec, "cancel_after_ms");
  if (after == 0) return runtime.invoke(plugin, plugin_config(), std::move(call));
  std::jthread canceller([token = call.cancel, after]() mutable {
    std::this_thread::sleep_for(milliseconds(after));
    token.cancel("the case says so");
  });
  return runtime.invoke(plugin, plugin_config(), std::move(call));
}

// Bytes of leaves that the case puts in.
std::uint64_t bytes_in_play(const Value& input, const Value& spec) {
  std::uint64_t bytes = leaf_bytes(input);
  for (const char* key : {"context", "services"}) {
    if (const Value* found = spec.find(key)) bytes += leaf_bytes(literal(*found));
  }
  return bytes;
}

// Whatever the case did, the next call is served.
Problem dead(Runtime& runtime) {
  Call call;
  call.method = "echo";
  call.input = "still there";
  const Outcome outcome = runtime.invoke(plugin, plugin_config(), std::move(call));
  if (outcome.ok()) return difference(outcome.value, "still there");
  return "the next call failed: " + outcome.error->describe();
}

// How many filters for system calls a process has.
int filters_of(const std::string& process) {
  std::ifstream status("/proc/" + process + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Seccomp_filters:")) return std::stoi(line.substr(line.find(':') + 1));
  }
  return 0;
}

}  // namespace

std::string_view name_of(Where where) noexcept {
  switch (where) {
    case Where::in_process: return "in process";
    case Where::c_worker: return "native worker, plugin in C";
    case Where::native_worker: return "native worker";
    case Where::python_worker: return "Python worker";
    case Where::r_worker: return "R worker";
    case Where::go_worker: return "Go worker";
  }
  return "nowhere";
}

std::vector<Case> cases_of(std::string_view label, const Value& file, Where where) {
  std::vector<Case> cases;
  for (const Value& entry : file.at("cases").items()) {
    if (!is_for_a_host(entry, where)) continue;
    const std::string name = std::string(label) + ": " + text(entry, "name");
    if (entry.has("described")) {
      add_value_cases(cases, name, entry);
    } else {
      cases.push_back({name, entry});
    }
  }
  return cases;
}

Problem play(Runtime& runtime, const Case& one, Where where) {
  const Value* raw = one.spec.find("input");
  const Value input = raw != nullptr ? literal(*raw) : Value();
  const Value* found =
      one.spec.find(where == Where::in_process && one.spec.has("in_process") ? "in_process" : "expect");
  const Value expect = found != nullptr ? *found : Value::map();

  Call call = call_of(one.spec, input);
  const auto host = std::make_shared<CaseHost>(one.spec);
  call.host = host;
  const auto begun = Clock::now();
  const Outcome outcome = invoke(runtime, one.spec, std::move(call));
  const auto took = Clock::now() - begun;

  Problem problem = wrong_outcome(outcome, expect);
  if (!problem) problem = wrong_told(*host, expect);
  if (!problem) problem = wrong_copies(outcome, bytes_in_play(input, one.spec), where);
  if (!problem) problem = wrong_time(took, expect);
  return problem ? problem : dead(runtime);
}

Problem play_surroundings(Runtime& runtime, bool confined, mortise::runtime::Transport transport) {
  if (Problem problem = dead(runtime)) return problem;  // there is one now
  const auto instances = runtime.instances();
  if (instances.empty()) return "there is no worker";
  const std::string process = std::to_string(instances.front().pid);
  const bool filtered = filters_of(process) > filters_of("self");
  const bool apart = std::filesystem::read_symlink("/proc/" + process + "/ns/pid") != std::filesystem::read_symlink("/proc/self/ns/pid");
  if (filtered != confined) return std::string("it has ") + (filtered ? "" : "no ") + "filters of its own";
  if (apart && !confined) return "it has processes of its own";
  const std::string& used = instances.front().transport;
  const bool ring = transport == mortise::runtime::Transport::ring, socket = transport == mortise::runtime::Transport::socket;
  return (ring && used != "ring") || (socket && used != "socket") ? Problem("it speaks by the " + used) : std::nullopt;
}

Problem play_deaths(Runtime& runtime) {
  constexpr int whole = 16 + 48;  // the frame that `die` writes
  for (int bytes = 0; bytes < whole; ++bytes) {
    Call call;
    call.method = "die";
    call.input = Value::map({{"how", "kill"}, {"bytes", bytes}});
    const auto begun = Clock::now();
    const Outcome outcome = runtime.invoke(plugin, plugin_config(), std::move(call));
    const std::string when = "after byte " + std::to_string(bytes) + ": ";
    // A whole prefix over the socket, while a ring is in use, breaks the protocol before the death is seen.
    const bool unannounced = bytes >= 16 && outcome.ended == Ended::killed;
    if (outcome.ended != Ended::crashed && !unannounced) return when + "it ended " + std::string(name_of(outcome.ended));
    if (Clock::now() - begun > std::chrono::seconds(5)) return when + "it took more than 5 s";
    if (Problem problem = dead(runtime)) return when + *problem;
  }
  return std::nullopt;
}

Problem play_chain(Runtime& runtime) {
  const auto memory = mortise::runtime::RunMemory::make();
  const auto ask = [&](const char* method, Value input) {
    Call call;
    call.method = method;
    call.input = std::move(input);
    call.memory = memory;
    return runtime.invoke(plugin, plugin_config(), std::move(call));
  };
  const Outcome made = ask("table_make", Value::map({{"rows", 100'000}}));
  if (!made.ok()) return made.error->describe();
  const Outcome summed = ask("table_sum", Value::map({{"table", made.value}, {"column", "half"}}));
  if (!summed.ok()) return summed.error->describe();
  if (summed.bytes_copied != 0) return std::to_string(summed.bytes_copied) + " bytes were copied for the second call";
  return difference(summed.value, Value::map({{"rows", 100'000}, {"nulls", 0}, {"sum", 2'499'975'000.0}}));
}

}  // namespace conformance
