// Calls: what one asks a plugin to do, and how it ended.
//
// The core is asynchronous: Instance::start(call, completion) returns at once and the completion comes exactly once, on
// any thread. Instance::invoke is the blocking face of the same thing, and the faster one: the waiting thread itself
// drives the worker's socket. How a call ended is data (Outcome), never an exception: a plugin that crashes is an
// ordinary event here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mortise/value.hpp"
#include "plugin/chain.h"
#include "runtime/access.h"

namespace mortise::runtime {

using Clock = std::chrono::steady_clock;

enum class Operation : std::uint32_t {
  validate = MORTISE_OP_VALIDATE,
  step = MORTISE_OP_STEP,
  execute = MORTISE_OP_EXECUTE,
  poll = MORTISE_OP_POLL,
  aggregate = MORTISE_OP_AGGREGATE,
  infer = MORTISE_OP_INFER,
  call = MORTISE_OP_CALL,
  health = MORTISE_OP_HEALTH,
};
[[nodiscard]] std::string_view name_of(Operation operation) noexcept;
[[nodiscard]] std::optional<Operation> operation_named(std::string_view name) noexcept;

enum class LogLevel : std::uint32_t { debug = 10, info = 20, warning = 30, error = 40 };

// ---- cancelling ------------------------------------------------------------------------------------------------------

// Shared by everybody who may cancel and everybody who must notice. Copies are the same token. A default-made token can
// never be cancelled. cancel() may be called from any thread and any number of times; reasons after the first are lost.
class CancelToken {
 public:
  CancelToken() = default;
  [[nodiscard]] static CancelToken make();

  void cancel(std::string reason);
  [[nodiscard]] bool cancelled() const noexcept;
  [[nodiscard]] std::string reason() const;

  // Runs `action` once, when cancelled (at once if it already is), on the cancelling thread; it must not throw. The
  // returned registration forgets the action when destroyed; its destructor waits for an action that runs on another
  // thread.
  class Registration;
  [[nodiscard]] Registration on_cancel(std::function<void()> action) const;

 private:
  struct State;
  explicit CancelToken(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

class CancelToken::Registration {
 public:
  Registration() = default;
  Registration(Registration&&) noexcept = default;
  Registration& operator=(Registration&& other) noexcept;
  ~Registration();

 private:
  friend class CancelToken;
  std::shared_ptr<State> state_;
  std::uint64_t key_ = 0;
};

// ---- the host as a plugin sees it --------------------------------------------------------------------------------------

using plugin::Chain;  // the instances that wait for a call

// What a call can ask of its surroundings. Implemented by the jobs; a call without one gets NullCallHost (logs go to the
// host's log, the context is empty, no service is known). Calls come on any thread but never two at once for one call.
class CallHost {
 public:
  virtual ~CallHost() = default;
  virtual void log(LogLevel level, std::string_view message, const Value& fields) = 0;
  virtual void progress(double fraction, std::string_view note) = 0;  // fraction < 0: unknown
  virtual std::optional<Value> context(std::string_view key) = 0;      // nullopt: no such key
  // Throws Error. `chain` is the chain of the asking call.
  virtual Value service(std::string_view service, std::string_view method, const Value& input, const Chain& chain) = 0;
};

// ---- call and outcome ------------------------------------------------------------------------------------------------------

class RunMemory;  // arena.h: the shared memory of one run

struct Call {
  Operation operation = Operation::call;
  std::string method;  // of Operation::call
  Value input;
  std::optional<Clock::time_point> deadline;
  CancelToken cancel;
  Chain chain;
  std::shared_ptr<CallHost> host;      // may be null
  std::shared_ptr<RunMemory> memory;   // null: the call gets an own one when it needs it
  Wanted wanted;                       // files and hosts beyond what the plugin may reach anyway
};

enum class Ended {
  ok,
  error,      // the plugin said so
  timeout,    // its deadline passed
  cancelled,  // on request
  crashed,    // the process died by itself
  killed,     // the host killed it: deadline and grace passed, limit exceeded, protocol broken
  denied,     // the host refused to run it
};
[[nodiscard]] std::string_view name_of(Ended ended) noexcept;

struct Outcome {
  Ended ended = Ended::ok;
  Value value;                  // when ok
  std::optional<Error> error;   // when not
  std::uint64_t bytes_copied = 0;     // of tables, tensors and long bytes between memories, both directions
  std::chrono::nanoseconds elapsed{};  // 0 for in-process calls without a deadline: reading the clock costs more
  std::chrono::nanoseconds cpu{};      // processor time of the worker in a call of some length; 0: too short to tell
  std::uint64_t memory_peak = 0;       // bytes, of the worker and all it started, in such a call; 0: unknown
  std::int64_t pid = 0;                // of the process that worked on it; 0: none did
  bool cleanup_skipped = false;        // the process was killed: "cleanup: skipped (killed)"

  [[nodiscard]] bool ok() const noexcept { return ended == Ended::ok; }
  // The value, or throws the error.
  Value take();
};

using Completion = std::function<void(Outcome)>;

}  // namespace mortise::runtime
