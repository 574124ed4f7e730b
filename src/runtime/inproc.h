// InprocInstance: a native plugin inside this process, for plugins that the operator trusts.
//
// invoke() without a deadline enters the plugin on the caller's thread: no clock, no allocation, no lock but one atomic
// exchange. Everything else (a deadline, start(), the lifecycle) runs on threads of the instance's own, so that the caller can
// go when its time is up. What is inside cannot be killed: the caller of a call that overruns its deadline, or that ignores a
// cancel for the grace period, gets its outcome, and the instance is not usable until the plugin comes back. A plugin that
// never does is cleaned up never, and its thread is left behind.
//
// A crash of the plugin is a crash of the host; that is what trusting it means.
#pragma once

#include <chrono>
#include <memory>

#include "base/log.h"
#include "runtime/instance.h"
#include "runtime/native_library.h"
#include "runtime/reactor.h"

namespace mortise::runtime {

// What all instances in this process share. The references outlive them.
struct InprocSurroundings {
  NativeLibraries& libraries;
  Reactor& reactor;  // rings when a started call's time is up
  Log log;
  std::chrono::milliseconds deadline{60'000};  // of a lifecycle verb, of a plugin that says none
  std::chrono::milliseconds grace{1'000};      // between a cancel and giving up, and for calls to end before cleanup
  std::shared_ptr<CallHost> house = nullptr;   // answers plugins in the lifecycle; may be null
};

class InprocInstance final : public Instance {
 public:
  // Opens the shared object and loads the plugin: the state is LOADED afterwards. Blocks; throws Error.
  [[nodiscard]] static std::shared_ptr<InprocInstance> load(const InprocSurroundings& surroundings,
                                                            std::shared_ptr<const plugin::Descriptor> descriptor,
                                                            const Value& plugin_config);
  ~InprocInstance() override;  // cleans up

  [[nodiscard]] const plugin::Descriptor& descriptor() const noexcept override;
  [[nodiscard]] std::uint64_t serial() const noexcept override;
  [[nodiscard]] plugin::State state() const noexcept override;
  [[nodiscard]] std::int64_t pid() const noexcept override;
  [[nodiscard]] bool usable() const noexcept override;

  void initialize() override;
  void start() override;
  void stop() override;
  void cleanup() noexcept override;

  void start(Call call, Completion completion) override;
  Outcome invoke(Call call) override;

 private:
  class Core;
  struct Job;
  explicit InprocInstance(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  Outcome invoke_within(Call call);  // its deadline

  const std::shared_ptr<Core> core_;
};

}  // namespace mortise::runtime
