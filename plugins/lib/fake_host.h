// For tests: a host of plain values around the plugin that is linked into the test, called through the C contract.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/json_text.h"
#include "mortise/plugin.hpp"

namespace mortise::plugins::testing {

class FakeHost {
 public:
  std::map<std::string, Value, std::less<>> context;
  std::vector<std::string> logs;  // "info message {fields}"
  bool cancelled = false;

  FakeHost() {
    mortise_output out{};
    expect(plugin().load(&call(0, config_), &instance_, &out), out);
  }
  ~FakeHost() { plugin().cleanup(instance_); }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  // {outputs, rows}; throws what the plugin reports.
  Value step(const Value& config, const std::string& input_key, const std::string& output_key) {
    Value step = Value::map({{"name", "test"}, {"plugin", "test"}, {"config", config}, {"output", output_key}});
    if (!input_key.empty()) step["input"] = input_key;
    return invoke(MORTISE_OP_STEP,
                  Value::map({{"step", step}, {"run", Value::map({{"id", "run_test"}, {"attempt", 1}})}}));
  }
  Value validate(const Value& config) { return invoke(MORTISE_OP_VALIDATE, Value::map({{"config", config}})); }

  Value invoke(std::uint32_t operation, const Value& input) {
    mortise_output out{};
    const mortise_status status = plugin().invoke(instance_, &call(operation, input), &out);
    return expect(status, out);
  }

 private:
  static const mortise_plugin& plugin() { return *mortise_plugin_entry(); }
  static FakeHost& self(void* context) { return *static_cast<FakeHost*>(context); }

  const mortise_call& call(std::uint32_t operation, const Value& input) {
    call_ = {sizeof(mortise_call), operation, 0, {nullptr, 0}, input.c(), 0, &table_, this};
    return call_;
  }

  static Value expect(mortise_status status, mortise_output& out) {
    Value value = Value(Value::view(&out.value));
    if (out.release != nullptr) out.release(&out);
    if (status != MORTISE_OK) throw error_from(code_of(status), value, "no words");
    return value;
  }

  static void log(void* context, std::uint32_t level, mortise_string message, const mortise_value* fields) {
    std::string line = level >= 40 ? "error " : level >= 30 ? "warning " : level >= 20 ? "info " : "debug ";
    line.append(message.data, message.size);
    if (fields != nullptr) line += " " + json_text(Value::view(fields));
    self(context).logs.push_back(line);
  }
  static void progress(void*, double, mortise_string) {}
  static std::int32_t is_cancelled(void* context) { return self(context).cancelled ? 1 : 0; }
  static mortise_status context_get(void* context, mortise_string key, mortise_output* out) {
    const auto found = self(context).context.find(std::string_view(key.data, key.size));
    if (found == self(context).context.end()) return MORTISE_NOT_FOUND;
    detail::give(out, found->second);
    return MORTISE_OK;
  }
  static mortise_status service(void*, mortise_string, mortise_string, const mortise_value*, mortise_output*) {
    return MORTISE_NOT_FOUND;
  }
  static mortise_status allocate(void*, std::uint64_t, mortise_buffer*) { return MORTISE_BUSY; }

  mortise_host table_{sizeof(mortise_host), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, log,     progress,
                      is_cancelled,         context_get,       service,           allocate};
  Value config_ = Value::map();
  mortise_call call_{};
  void* instance_ = nullptr;
};

}  // namespace mortise::plugins::testing
