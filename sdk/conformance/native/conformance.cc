// The conformance plugin in C++. README.md, one folder up, says what each method does in every SDK.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "describe.h"
#include "mortise/leaf.hpp"
#include "mortise/plugin.hpp"
#include "tables.h"

namespace conformance {
namespace {

using mortise::Call;
using mortise::Code;
using mortise::Error;
using mortise::Value;

constexpr const char* codes[] = {"",     "invalid", "not_found", "conflict", "denied",  "unsupported",
                                 "busy", "timeout", "cancelled", "plugin",   "internal"};

Code code_named(std::string_view name) {
  for (std::int32_t code = 1; code < std::ssize(codes); ++code) {
    if (name == codes[code]) return static_cast<Code>(code);
  }
  throw Error(Code::invalid, "there is no code '" + std::string(name) + "'");
}

std::string text(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found != nullptr ? std::string(found->as_string()) : std::string();
}

Value nest(Call& call) {
  Value value = Value::list();
  for (std::int64_t level = 1; level < call.input().at("levels").as_int64(); ++level) {
    Value outer = Value::list();
    outer.push_back(std::move(value));
    value = std::move(outer);
  }
  return value;
}

Value allocate(Call& call) {
  const std::int64_t count = call.input().at("elements").as_int64();
  const auto memory = call.allocate(static_cast<std::size_t>(count) * sizeof(double));
  auto* elements = reinterpret_cast<double*>(memory.data());
  for (std::int64_t i = 0; i < count; ++i) elements[i] = call.input().at("number").as_float64();
  return mortise::make_tensor(MORTISE_DTYPE_FP64, {count}, elements, nullptr);
}

// ---- the host

[[noreturn]] Value fail(Call& call) {
  const Value& told = call.input();
  Error error(code_named(told.at("code").as_string()), text(told, "message"), text(told, "hint"));
  if (const Value* details = told.find("details")) {
    for (const mortise::Member& detail : details->members()) {
      error.with(std::string(detail.key()), std::string(detail.value().as_string()));
    }
  }
  if (const Value* causes = told.find("causes"); causes != nullptr && causes->size() > 0) {
    std::size_t at = causes->size();
    Error inner(error.code(), std::string((*causes)[--at].as_string()));
    while (at > 0) inner = Error(error.code(), std::string((*causes)[--at].as_string())).because(std::move(inner));
    error.because(std::move(inner));
  }
  throw error;
}

Value log(Call& call) {
  const std::map<std::string_view, std::uint32_t> levels{{"debug", MORTISE_LOG_DEBUG},
                                                         {"info", MORTISE_LOG_INFO},
                                                         {"warning", MORTISE_LOG_WARNING},
                                                         {"error", MORTISE_LOG_ERROR}};
  for (const Value& record : call.input().at("records").items()) {
    const std::string_view message = record.at("message").as_string();
    const Value* fields = record.find("fields");
    call.c().host->log(call.c().context, levels.at(record.at("level").as_string()), {message.data(), message.size()},
                       fields != nullptr ? fields->c() : nullptr);
  }
  return {};
}

Value progress(Call& call) {
  for (const Value& report : call.input().at("reports").items()) {
    call.progress(report[0].is_null() ? -1.0 : report[0].as_float64(), report[1].as_string());
  }
  return {};
}

Value read_context(Call& call) {
  Value all = Value::map();
  for (const Value& key : call.input().at("keys").items()) {
    const std::optional<Value> found = call.context(key.as_string());
    Value told = Value::map({{"found", found.has_value()}});
    if (found) told["value"] = *found;
    all.set(key.as_string(), std::move(told));
  }
  return all;
}

Value use_service(Call& call) {
  const Value& asked = call.input();
  const Value* input = asked.find("input");
  try {
    return call.service(text(asked, "service"), text(asked, "method"), input != nullptr ? *input : Value());
  } catch (const Error& error) {
    if (!asked.has("catch")) throw;
    return Value::map(
        {{"code", codes[static_cast<int>(error.code())]}, {"message", error.what()}, {"hint", error.hint()}});
  }
}

Value sleep(Call& call) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(call.input().at("ms").as_int64());
  while (std::chrono::steady_clock::now() < end) {
    if (call.input().at("look").as_bool()) call.stop_if_cancelled();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return "slept";
}

Value remaining(Call& call) {
  const auto deadline = call.deadline();
  if (!deadline) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now()).count();
}

// ---- misdeeds

Value print(Call& call) {
  const std::string out = text(call.input(), "stdout");
  const std::string err = text(call.input(), "stderr");
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fwrite(err.data(), 1, err.size(), stderr);
  return {};
}

[[noreturn]] Value die(Call& call) {
  constexpr std::string_view header = R"({"t":"result","id":1,"status":"ok","value":null})";
  if (const Value* bytes = call.input().find("bytes")) {
    std::string frame("MTSE\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    frame[4] = static_cast<char>(header.size());
    frame += header;
    if (::write(3, frame.data(), static_cast<std::size_t>(bytes->as_int64())) < 0) std::abort();
  }
  const std::string how = text(call.input(), "how");
  if (how == "exit") ::_exit(static_cast<int>(call.input().at("status").as_int64()));
  if (how == "kill") ::kill(::getpid(), SIGKILL);
  std::abort();
}

const std::map<std::string_view, std::function<Value(Call&)>>& methods() {
  static const std::map<std::string_view, std::function<Value(Call&)>> all{
      {"echo", [](Call& call) { return call.input(); }},
      {"describe", [](Call& call) { return describe(call.input()); }},
      {"make", [](Call& call) { return make(call.input()); }},
      {"nest", nest},
      {"table_make", [](Call& call) { return make_example_table(call.input().at("rows").as_int64()); }},
      {"table_sum", [](Call& call) { return sum_column(call.input().at("table"), text(call.input(), "column")); }},
      {"table_text", [](Call& call) { return join_texts(call.input().at("table"), text(call.input(), "column")); }},
      {"tensor_add",
       [](Call& call) { return add_to_tensor(call.input().at("tensor"), call.input().at("number").as_float64()); }},
      {"allocate", allocate},
      {"fail", fail},
      {"log", log},
      {"progress", progress},
      {"read_context", read_context},
      {"use_service", use_service},
      {"sleep", sleep},
      {"remaining", remaining},
      {"print", print},
      {"die", die},
  };
  return all;
}

}  // namespace

class Conformance : public mortise::Plugin {
 public:
  explicit Conformance(const Value& config) : config_(config) {}

  void initialize(Call&) override { seen_.push_back("initialize"); }
  void start(Call&) override { seen_.push_back("start"); }
  void stop(Call&) override { seen_.push_back("stop"); }

  Value validate(Value config, Call&) override {
    if (config.has("refuse"))
      throw Error(Code::invalid, "the configuration is refused", "drop 'refuse'").with("key", "refuse");
    Value completed = Value::map({{"completed", true}});
    for (const mortise::Member& member : config.members()) completed.set(member.key(), member.value());
    return completed;
  }

  Value step(mortise::Step& step) override {
    step.put("config", step.config());
    return step.input_value();
  }

  Value call(Call& call) override {
    if (call.method() == "lifecycle") return Value::map({{"config", config_}, {"seen", seen_}});
    const auto found = methods().find(call.method());
    if (found == methods().end())
      throw Error(Code::unsupported, "there is no method '" + std::string(call.method()) + "'");
    return found->second(call);
  }

 private:
  Value config_;
  Value seen_ = Value::list({"load"});
};

}  // namespace conformance

MORTISE_PLUGIN(conformance::Conformance)
