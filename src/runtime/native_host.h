// NativeCall: one call on its way into a plugin of this process: the mortise_call that it gets, and the host that it sees.
//
// It lives on the stack of the thread that enters the plugin, and costs nothing until the plugin asks for something. What
// the plugin tells and asks goes to the call's desk, with its limits, one thing at a time whatever threads ask. Nothing
// thrown on this side enters the plugin.
//
// allocate() takes the run's shared memory when the call brought some (its tables then reach workers without a copy), else
// the heap. What was allocated lives as long as the leaves that lie in it: see memory().
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "mortise/output.hpp"
#include "mortise/plugin.h"
#include "runtime/call.h"
#include "runtime/call_desk.h"

namespace mortise::runtime {

// Who is called. Outlives the calls.
struct NativePlugin {
  std::string id;
  std::uint64_t instance = 0;
  Log log;
};

class NativeCall {
 public:
  // Borrows all three. `operation` is 0 in the lifecycle.
  NativeCall(const Call& call, std::uint32_t operation, const NativePlugin& plugin) noexcept
      : raw_{sizeof(mortise_call),
             operation,
             0,
             {call.method.data(), call.method.size()},
             call.input.c(),
             call.deadline ? std::chrono::nanoseconds(call.deadline->time_since_epoch()).count() : 0,
             &host_table,
             this},
        call_(call),
        plugin_(plugin) {}
  NativeCall(const NativeCall&) = delete;
  NativeCall& operator=(const NativeCall&) = delete;

  [[nodiscard]] const mortise_call* c() const noexcept { return &raw_; }

  // Nobody waits for the call any more: it counts as cancelled, and what it tells and asks is refused. From any thread.
  void abandon() noexcept { abandoned_.store(true, std::memory_order_release); }
  [[nodiscard]] bool late() const noexcept;  // its deadline passed

  // The plugin is back, with all of its threads: the rest of what it told is delivered.
  void finish() noexcept {
    if (desk_) close_desk();
  }
  // What the outcome of the call is, from what the plugin returned.
  [[nodiscard]] Outcome outcome(mortise_status status, const detail::Received& out) noexcept;
  // The error that the plugin reported, with the plugin's id.
  [[nodiscard]] Error error(mortise_status status, const detail::Received& out) const;

 private:
  using Memory = std::vector<std::shared_ptr<const void>>;

  static const mortise_host host_table;
  static void log(void* context, std::uint32_t level, mortise_string message, const mortise_value* fields) noexcept;
  static void progress(void* context, double fraction, mortise_string note) noexcept;
  static std::int32_t cancelled(void* context) noexcept;
  static mortise_status context_get(void* context, mortise_string key, mortise_output* out) noexcept;
  static mortise_status service(void* context, mortise_string service, mortise_string method,
                                const mortise_value* input, mortise_output* out) noexcept;
  static mortise_status allocate(void* context, std::uint64_t bytes, mortise_buffer* out) noexcept;

  void close_desk() noexcept;
  void refuse_if_abandoned() const;
  [[nodiscard]] CallDesk& desk();  // likewise; under asking_
  [[nodiscard]] mortise_buffer take_memory(std::uint64_t bytes);
  [[nodiscard]] Outcome failed(mortise_status status, const detail::Received& out) const;

  mortise_call raw_;
  const Call& call_;
  const NativePlugin& plugin_;
  std::atomic<bool> abandoned_{false};
  std::mutex asking_;  // the desk is asked for one thing at a time
  std::optional<CallDesk> desk_;
  std::shared_ptr<Memory> memory_;
};

}  // namespace mortise::runtime
