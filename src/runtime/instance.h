// Instance: one loaded plugin, wherever it runs.
//
// The lifecycle (src/plugin/lifecycle.h) is kept by the instance itself: an out-of-order verb throws
// Error{conflict} "Cannot initialize plugin in state ...". Operations are accepted in RUNNING and INITIALIZED; validate and
// health from LOADED on.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plugin/descriptor.h"
#include "plugin/lifecycle.h"
#include "runtime/call.h"

namespace mortise::runtime {

// What an instance used since it began, with all processes it started. 0: unknown, as of one in this process.
struct Use {
  std::chrono::microseconds cpu{};
  std::uint64_t memory = 0;  // bytes, now
  std::uint64_t memory_peak = 0;
};

// A number for the next instance of any kind, never given twice in this process.
[[nodiscard]] std::uint64_t next_serial() noexcept;

class Instance {
 public:
  virtual ~Instance() = default;
  Instance() = default;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  [[nodiscard]] virtual const plugin::Descriptor& descriptor() const noexcept = 0;
  [[nodiscard]] virtual std::uint64_t serial() const noexcept = 0;  // unique in this process, for Chain
  [[nodiscard]] virtual plugin::State state() const noexcept = 0;
  [[nodiscard]] virtual std::int64_t pid() const noexcept = 0;  // of the worker; this process when in process
  // How frames reach it: "ring" or "socket"; empty in process.
  [[nodiscard]] virtual std::string_view transport() const noexcept { return {}; }
  // How its process began: "zygote", or "program: " and why not from one; empty in process.
  [[nodiscard]] virtual std::string start_told() const { return {}; }
  // False once it can never answer again (crashed, killed, stuck past its deadline, cleaned up).
  [[nodiscard]] virtual bool usable() const noexcept = 0;

  [[nodiscard]] virtual Use use() const { return {}; }  // slow: reads files

  // Lifecycle verbs, blocking, each bounded by the descriptor's deadline. They throw Error.
  virtual void initialize() = 0;
  virtual void start() = 0;
  virtual void stop() = 0;
  virtual void cleanup() noexcept = 0;  // always ends; kills what does not

  // One call. If the instance is busy with another call the outcome is an error with Code::busy; the pool queues.
  virtual void start(Call call, Completion completion) = 0;
  // Blocks until the outcome is there.
  virtual Outcome invoke(Call call) = 0;
};

}  // namespace mortise::runtime
