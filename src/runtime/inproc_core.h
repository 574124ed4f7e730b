// The inside of InprocInstance, shared with the threads that are in the plugin, so that it lives until the last one is out.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "plugin/lifecycle.h"
#include "runtime/executor.h"
#include "runtime/inproc.h"
#include "runtime/native_host.h"

namespace mortise::runtime {

class InprocInstance::Core final : private plugin::LifecycleHooks, public std::enable_shared_from_this<Core> {
 public:
  Core(const InprocSurroundings& surroundings, std::shared_ptr<const plugin::Descriptor> descriptor,
       const Value& plugin_config);

  // ---- entering ----

  // True: a slot is taken, enter() may follow. False: see refusal().
  [[nodiscard]] bool admits(const Call& call) noexcept {
    if (!call.chain.empty() && call.chain.contains(plugin_.instance)) return false;
    if (call.cancel.cancelled() || !accepts(call.operation, state())) return false;
    return stuck_.load(std::memory_order_relaxed) == 0 && take_slot();
  }
  [[nodiscard]] Outcome refusal(const Call& call) const;
  // Calls the plugin. The slot must be taken; `outcome` must be new.
  void enter(NativeCall& native, Outcome& outcome) noexcept {
    detail::Received out;
    const mortise_status status = table_->invoke(instance_, native.c(), out.c());
    native.finish();
    if (status == MORTISE_OK && out.raw().kind <= MORTISE_KIND_FLOAT64) {
      outcome.value = Value::borrow(out.raw());  // a scalar is its bits
    } else {
      outcome = native.outcome(status, out);
    }
  }
  void give_slot() noexcept {
    if (slots_ == 1) {
      inside_.store(0, std::memory_order_release);
    } else {
      inside_.fetch_sub(1, std::memory_order_acq_rel);
    }
    if (cleanup_due_.load(std::memory_order_relaxed)) clean_up_late();
  }

  // ---- being stuck ----

  void stuck() noexcept { stuck_.fetch_add(1, std::memory_order_acq_rel); }
  void unstuck() noexcept { stuck_.fetch_sub(1, std::memory_order_acq_rel); }
  [[nodiscard]] bool usable() const noexcept;

  // ---- the lifecycle ----

  // Runs one verb on the executor, alone. Throws what the verb throws, or Error{timeout}, Error{busy}.
  void drive(plugin::Verb verb, std::chrono::milliseconds at_most);
  void clean_up() noexcept;

  [[nodiscard]] const plugin::Descriptor& descriptor() const noexcept { return *descriptor_; }
  [[nodiscard]] const NativePlugin& plugin() const noexcept { return plugin_; }
  [[nodiscard]] plugin::State state() const noexcept { return lifecycle_.state(); }
  [[nodiscard]] const InprocSurroundings& around() const noexcept { return around_; }
  [[nodiscard]] Executor& executor() noexcept { return executor_; }
  [[nodiscard]] std::chrono::milliseconds allowed() const noexcept {
    return descriptor_->deadline.value_or(around_.deadline);
  }
  // What a call that is given up ends with.
  [[nodiscard]] Outcome given_up(const Call& call, Ended ended) const;

 private:
  using Step = mortise_status (*)(void*, const mortise_call*, mortise_output*);

  void load() override;
  void initialize() override { ask(table_->initialize); }
  void start() override { ask(table_->start); }
  void stop() override { ask(table_->stop); }
  void cleanup() override { table_->cleanup(instance_); }
  void ask(Step step);
  using Entry = std::function<mortise_status(const mortise_call*, mortise_output*)>;
  void enter_verb(Value input, const Entry& entry);
  void abandon_verb() noexcept;

  [[nodiscard]] static bool accepts(Operation operation, plugin::State state) noexcept {
    const bool question = operation == Operation::validate || operation == Operation::health;
    return question ? plugin::accepts_questions(state) : plugin::accepts_work(state);
  }
  bool take_slot() noexcept {
    if (slots_ == 1) return inside_.exchange(1, std::memory_order_acquire) == 0;
    if (inside_.fetch_add(1, std::memory_order_acquire) < slots_) return true;
    inside_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  // All slots, waiting for the calls inside; false at `until`.
  bool take_all(Clock::time_point until) noexcept;
  void give_all() noexcept;
  void clean_up_late() noexcept;
  void perform(plugin::Verb verb);

  const InprocSurroundings around_;
  const std::shared_ptr<const plugin::Descriptor> descriptor_;
  const Value plugin_config_;
  const NativePlugin plugin_;
  const mortise_plugin* const table_;
  const std::uint32_t slots_;
  void* instance_ = nullptr;
  Clock::time_point verb_deadline_{};  // of the verb that runs
  std::mutex verb_mutex_;
  NativeCall* verb_call_ = nullptr;  // while the plugin is in a verb; under verb_mutex_
  plugin::Lifecycle lifecycle_;
  alignas(64) std::atomic<std::uint32_t> inside_{0};  // calls in the plugin
  std::atomic<std::uint32_t> stuck_{0};               // of these, given up by their callers
  std::atomic<bool> cleanup_due_{false};              // by whoever comes out last
  Executor executor_;                                 // last: its threads use all of the above
};

}  // namespace mortise::runtime
