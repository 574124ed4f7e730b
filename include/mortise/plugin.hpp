// The C++ face of the plugin contract (plugin.h). A whole plugin:
//
//   #include <mortise/plugin.hpp>
//
//   struct Doubler : mortise::Plugin {
//     mortise::Value step(mortise::Step& step) override { return step.input_value().as_float64() * 2; }
//   };
//   MORTISE_PLUGIN(Doubler)
//
// Derive from Plugin, override the operations that your extension points ask for (docs/extension-points.md), name the class
// in MORTISE_PLUGIN, build a shared object. A constructor that takes `const mortise::Value&` gets the plugin's own
// configuration; one without arguments is as good. Cleanup is the destructor.
//
// Report failure by throwing: mortise::Error{code, message, hint} keeps all its parts, any other std::exception is the
// plugin's own failure with its text. Nothing thrown leaves the shared object.
//
// A Call, a Step and everything read from them live until the operation returns; copy a Value to keep it. Everything in a
// Call may be used from any thread that works on the call, one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "mortise/error.hpp"
#include "mortise/error_value.hpp"
#include "mortise/output.hpp"
#include "mortise/plugin.h"
#include "mortise/value.hpp"

namespace mortise {

enum class Level : std::uint32_t {
  debug = MORTISE_LOG_DEBUG,
  info = MORTISE_LOG_INFO,
  warning = MORTISE_LOG_WARNING,
  error = MORTISE_LOG_ERROR,
};

// ---- what an operation is given ----------------------------------------------------------------------------------------

class Call {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, Value>>;

  explicit Call(const mortise_call& raw) noexcept : raw_(raw) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  [[nodiscard]] const Value& input() const noexcept { return Value::view(raw_.input); }
  [[nodiscard]] std::string_view method() const noexcept { return detail::text_of(raw_.method); }  // of operation `call`

  // Records of the run's log.
  void log(Level level, std::string_view message, Fields fields = {}) {
    const Value map = Value::map(fields);
    raw_.host->log(raw_.context, static_cast<std::uint32_t>(level), borrow(message), fields.size() == 0 ? nullptr : map.c());
  }
  void debug(std::string_view message, Fields fields = {}) { log(Level::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) { log(Level::info, message, fields); }
  void warning(std::string_view message, Fields fields = {}) { log(Level::warning, message, fields); }
  void error(std::string_view message, Fields fields = {}) { log(Level::error, message, fields); }

  // How far it is, 0 to 1; negative: unknown. Cheap enough for every batch.
  void progress(double fraction, std::string_view note = {}) {
    raw_.host->progress(raw_.context, fraction, borrow(note));
  }

  // True once somebody cancelled or the deadline passed: return soon. Cheap enough for every batch.
  [[nodiscard]] bool cancelled() const noexcept { return raw_.host->cancelled(raw_.context) != 0; }
  // Throws Error{cancelled} or Error{timeout} then.
  void stop_if_cancelled() const {
    if (!cancelled()) return;
    const auto limit = deadline();
    const bool late = limit.has_value() && std::chrono::steady_clock::now() >= *limit;
    throw late ? Error(Code::timeout, "the deadline passed") : Error(Code::cancelled, "cancelled");
  }
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept {
    if (raw_.deadline_ns == 0) return std::nullopt;
    return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(raw_.deadline_ns));
  }

  // An entry of the run's context, nothing when the key is absent. Throws what the host says otherwise.
  [[nodiscard]] std::optional<Value> context(std::string_view key) {
    detail::Received out;
    const mortise_status status = raw_.host->context_get(raw_.context, borrow(key), out.c());
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    return take(status, out, "the host could not read the context");
  }

  // Asks a service of the host or of another plugin.
  Value service(std::string_view service, std::string_view method, const Value& input = {}) {
    detail::Received out;
    const mortise_status status =
        raw_.host->service(raw_.context, borrow(service), borrow(method), input.c(), out.c());
    return take(status, out, "the service failed and did not say why");
  }

  // Memory for tables and tensors of this call's result, 64-byte aligned, that the host hands on without copying. It is
  // the host's; it lives as long as the result.
  [[nodiscard]] std::span<std::byte> allocate(std::size_t bytes) {
    mortise_buffer buffer{};
    const mortise_status status = raw_.host->allocate(raw_.context, bytes, &buffer);
    if (status != MORTISE_OK) {
      throw Error(code_of(status), "the host refused " + std::to_string(bytes) + " bytes for the result",
                  "raise limits.memory, or return less at once");
    }
    return {static_cast<std::byte*>(buffer.data), bytes};
  }

  [[nodiscard]] const mortise_call& c() const noexcept { return raw_; }

 private:
  [[nodiscard]] static mortise_string borrow(std::string_view text) noexcept { return {text.data(), text.size()}; }
  [[nodiscard]] static Value take(mortise_status status, const detail::Received& out, std::string_view unsaid) {
    if (status == MORTISE_OK) return out.value();
    throw error_from(code_of(status), out.value(), unsaid);
  }

  const mortise_call& raw_;
};

// The call of a pipeline's step.
class Step : public Call {
 public:
  explicit Step(const mortise_call& raw) : Call(raw), step_(input().at("step")) {}

  [[nodiscard]] const Value& config() const { return step_.at("config"); }  // with defaults
  [[nodiscard]] const Value& config(std::string_view key) const {
    if (const Value* value = config().find(key)) return *value;
    throw Error(Code::invalid, "missing config key '" + std::string(key) + "'").with("key", std::string(key));
  }
  [[nodiscard]] std::string_view name() const { return text("name"); }
  [[nodiscard]] std::string_view plugin() const { return text("plugin"); }        // as the pipeline names it
  [[nodiscard]] std::string_view output_key() const { return text("output"); }    // may be empty
  [[nodiscard]] const Value& run() const { return input().at("run"); }            // {id, attempt, key}

  // What the step works on: the context entry that the config key `input` names, else the output of the step before.
  [[nodiscard]] Value input_value() {
    const auto absent = [](const Value* key) {
      return key == nullptr || key->is_null() || (key->is(Kind::string) && key->as_string().empty());
    };
    const Value* key = config().find("input");
    if (absent(key)) key = step_.find("input");
    if (absent(key)) {
      throw Error(Code::invalid, "step '" + std::string(name()) + "' has no input",
                  "name a context key in its config: `input: KEY`");
    }
    if (!key->is(Kind::string)) return *key;
    if (std::optional<Value> value = context(key->as_string())) return *std::move(value);
    throw Error(Code::not_found, "the context has no '" + std::string(key->as_string()) + "'",
                "an earlier step must have it as its `output`")
        .with("key", std::string(key->as_string()));
  }

  // What is returned goes to output_key(). These add to it: more entries for the context, and the number of rows for the run
  // log where it is not that of the returned table, list or tensor.
  void put(std::string_view key, Value value) { outputs_.set(key, std::move(value)); }
  void rows(std::int64_t count) noexcept { rows_ = count; }

  // {outputs, rows} from what the author returned. Used by the entry point.
  [[nodiscard]] Value result(Value returned) {
    if (!rows_) {
      if (returned.is(Kind::table)) rows_ = returned.as_table().array.length;
      if (returned.is(Kind::list)) rows_ = static_cast<std::int64_t>(returned.size());
      if (returned.is(Kind::tensor) && returned.as_tensor().rank > 0) rows_ = returned.as_tensor().shape[0];
    }
    if (!output_key().empty()) outputs_.set(output_key(), std::move(returned));
    Value result = Value::map({{"outputs", std::move(outputs_)}});
    if (rows_) result["rows"] = *rows_;
    return result;
  }

 private:
  [[nodiscard]] std::string_view text(std::string_view key) const {
    const Value* value = step_.find(key);
    return value != nullptr && value->is(Kind::string) ? value->as_string() : std::string_view{};
  }

  const Value& step_;
  Value outputs_ = Value::map();
  std::optional<std::int64_t> rows_;
};

// ---- what an author writes -----------------------------------------------------------------------------------------------

// Override what your extension points ask for; the rest answers Error{unsupported}. One instance is never entered by two
// threads at once unless its manifest says `concurrency`.
class Plugin {
 public:
  virtual ~Plugin() = default;
  Plugin() = default;
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  // Lifecycle. Providers of services are there from initialize on.
  virtual void initialize(Call&) {}
  virtual void start(Call&) {}
  virtual void stop(Call&) {}

  // Operations.
  // Throws when the step's config is wrong; returns it with whatever defaults the manifest could not know.
  virtual Value validate(Value config, Call&) { return config; }
  virtual Value step(Step&) { unsupported("step"); }        // see Step::result
  virtual Value execute(Call&) { unsupported("execute"); }  // {data, parameters, context} -> {data, metadata, ...}
  virtual Value poll(Call&) { unsupported("poll"); }        // null or an event
  virtual Value aggregate(Call&) { unsupported("aggregate"); }
  virtual Value infer(Call&) { unsupported("infer"); }
  virtual Value call(Call& call) { unsupported("call " + std::string(call.method())); }
  virtual Value health(Call&) { return Value::map({{"healthy", true}, {"message", ""}}); }

 private:
  [[noreturn]] static void unsupported(const std::string& what) {
    throw Error(Code::unsupported, "this plugin does not answer '" + what + "'");
  }
};

// ---- the entry point ---------------------------------------------------------------------------------------------------

namespace detail {

inline mortise_status report(mortise_output* out, const std::exception* exception) noexcept {
  try {
    const Error error = exception != nullptr ? error_from(*exception)
                                             : Error(Code::plugin, "the plugin threw something that is no std::exception");
    give(out, error_value(error));
    return status_of(error.code());
  } catch (...) {  // no memory for the words
    return MORTISE_PLUGIN;
  }
}

template <typename Body>
mortise_status guarded(mortise_output* out, Body&& body) noexcept {
  try {
    body();
    return MORTISE_OK;
  } catch (const std::bad_alloc&) {
    const Error error(Code::busy, "the plugin ran out of memory");
    return report(out, &error);
  } catch (const std::exception& exception) {
    return report(out, &exception);
  } catch (...) {
    return report(out, nullptr);
  }
}

template <typename Author>
struct Entry {
  static mortise_status load(const mortise_call* raw, void** instance, mortise_output* out) noexcept {
    return guarded(out, [&] {
      if constexpr (std::is_constructible_v<Author, const Value&>) {
        *instance = new Author(Value::view(raw->input));
      } else {
        *instance = new Author();
      }
    });
  }
  static mortise_status initialize(void* instance, const mortise_call* raw, mortise_output* out) noexcept {
    return guarded(out, [&] {
      Call call(*raw);
      plugin(instance).initialize(call);
    });
  }
  static mortise_status start(void* instance, const mortise_call* raw, mortise_output* out) noexcept {
    return guarded(out, [&] {
      Call call(*raw);
      plugin(instance).start(call);
    });
  }
  static mortise_status stop(void* instance, const mortise_call* raw, mortise_output* out) noexcept {
    return guarded(out, [&] {
      Call call(*raw);
      plugin(instance).stop(call);
    });
  }
  static mortise_status invoke(void* instance, const mortise_call* raw, mortise_output* out) noexcept {
    return guarded(out, [&] { give(out, operate(plugin(instance), *raw)); });
  }
  static void cleanup(void* instance) noexcept {
    try {
      delete static_cast<Author*>(instance);
    } catch (...) {  // a destructor that throws; there is nobody left to tell
    }
  }

  static constexpr mortise_plugin table{sizeof(mortise_plugin), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, load, initialize,
                                        start,                  invoke,            stop,              cleanup};

 private:
  static Plugin& plugin(void* instance) noexcept { return *static_cast<Author*>(instance); }

  static Value operate(Plugin& plugin, const mortise_call& raw) {
    if (raw.operation == MORTISE_OP_STEP) {
      Step step(raw);
      return step.result(plugin.step(step));
    }
    Call call(raw);
    switch (raw.operation) {
      case MORTISE_OP_VALIDATE: return Value::map({{"config", plugin.validate(call.input().at("config"), call)}});
      case MORTISE_OP_EXECUTE: return plugin.execute(call);
      case MORTISE_OP_POLL: return plugin.poll(call);
      case MORTISE_OP_AGGREGATE: return plugin.aggregate(call);
      case MORTISE_OP_INFER: return plugin.infer(call);
      case MORTISE_OP_CALL: return plugin.call(call);
      case MORTISE_OP_HEALTH: return plugin.health(call);
      default: throw Error(Code::unsupported, "operation " + std::to_string(raw.operation) + " is newer than this plugin");
    }
  }
};

}  // namespace detail
}  // namespace mortise

// Once per shared object, at namespace scope.
#define MORTISE_PLUGIN(Author)                                                                        \
  static_assert(std::is_base_of_v<mortise::Plugin, Author>, #Author " must derive from mortise::Plugin"); \
  extern "C" MORTISE_EXPORT const mortise_plugin* mortise_plugin_entry(void) {                       \
    return &mortise::detail::Entry<Author>::table;                                                   \
  }
