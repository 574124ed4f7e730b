// WorkerInstance: a plugin that runs in a worker process of its own.
//
// Calls are driven in one of two ways over the same state machine (Exchange): invoke() on the caller's own thread, which
// sleeps on the worker's socket and is the fastest; start() on the reactor's. Between calls the reactor listens
// after a moment of quiet, so that logs of an idle worker arrive and its death is noticed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "runtime/exchange.h"
#include "runtime/instance.h"
#include "runtime/ring/spin_budget.h"
#include "runtime/runtime.h"
#include "runtime/task_threads.h"
#include "runtime/worker_process.h"

namespace mortise::runtime {

// What all workers of a runtime share. Everything outlives them.
struct WorkerSurroundings {
  Reactor& reactor;
  LauncherClient& launcher;
  TaskThreads& threads;
  WorkerKeepers keepers;
  Log log;
  RuntimePaths paths;
  RuntimeSettings settings;
  std::shared_ptr<SpinBudget> spin = std::make_shared<SpinBudget>();
};

class WorkerInstance final : public Instance, public std::enable_shared_from_this<WorkerInstance> {
 public:
  // Starts the process, shakes hands and loads the plugin: the state is LOADED afterwards. Blocks; throws Error.
  [[nodiscard]] static std::shared_ptr<WorkerInstance> launch(const WorkerSurroundings& surroundings,
                                                              std::shared_ptr<const plugin::Descriptor> descriptor,
                                                              const Value& plugin_config,
                                                              std::shared_ptr<const Access> access);
  ~WorkerInstance() override;

  [[nodiscard]] const plugin::Descriptor& descriptor() const noexcept override { return *descriptor_; }
  [[nodiscard]] std::uint64_t serial() const noexcept override { return speaker_.instance; }
  [[nodiscard]] plugin::State state() const noexcept override { return lifecycle_.state(); }
  [[nodiscard]] std::int64_t pid() const noexcept override { return process_->pid(); }
  [[nodiscard]] std::string_view transport() const noexcept override { return transport_; }
  [[nodiscard]] std::string start_told() const override { return process_->start_told(); }
  [[nodiscard]] bool usable() const noexcept override { return usable_.load(std::memory_order_acquire); }

  [[nodiscard]] Use use() const override { return process_->use(); }

  void initialize() override { lifecycle_.initialize(); }
  void start() override { lifecycle_.start(); }
  void stop() override { lifecycle_.stop(); }
  void cleanup() noexcept override;

  void start(Call call, Completion completion) override;
  Outcome invoke(Call call) override;

 private:
  static constexpr std::chrono::milliseconds quiet{100};  // after the last call, until the reactor listens
  enum class Driver { nobody, caller, loop, idle_reader, lifecycle };
  struct Async;

  // The lifecycle asks the worker.
  struct Hooks final : plugin::LifecycleHooks {
    explicit Hooks(WorkerInstance& instance) : self(instance) {}
    void load() override { self.ask(Verb::load, self.allowed()); }
    void initialize() override { self.ask(Verb::initialize, self.allowed()); }
    void start() override { self.ask(Verb::start, self.allowed()); }
    void stop() override { self.ask(Verb::stop, self.allowed_at_end()); }
    void cleanup() override {
      if (self.usable()) self.ask(Verb::cleanup, self.allowed_at_end());  // a dead worker is clean
    }
    WorkerInstance& self;
  };

  WorkerInstance(const WorkerSurroundings& surroundings, std::shared_ptr<const plugin::Descriptor> descriptor,
                 const Value& plugin_config, std::shared_ptr<const Access> access);
  void start_process();
  void ask(Verb verb, std::chrono::milliseconds at_most);
  [[nodiscard]] std::chrono::milliseconds allowed() const;
  [[nodiscard]] std::chrono::milliseconds allowed_at_end() const;
  void shake_hands();
  void agree_on_transport(const message::Ready& ready);
  void offer_ring();
  void set_spin();

  // One driver at a time. False when another one is at work.
  bool take_slot(Driver driver);
  void give_slot() noexcept;
  // An outcome when the call must not be made; otherwise the slot is taken.
  [[nodiscard]] std::optional<Outcome> admit(const Call& call, Driver driver);
  [[nodiscard]] Outcome refusal(Ended ended, Error error) const;
  [[nodiscard]] Terms terms_of(const Call& call) const;
  [[nodiscard]] Message message_of(Call& call, const Terms& terms);
  void drive(Exchange& exchange);
  void spin(Exchange& exchange);
  void sleep(const Exchange& exchange);
  [[nodiscard]] Exchange::Deferred on_this_thread();
  [[nodiscard]] Exchange::Deferred on_other_threads();
  void begin_measure() noexcept;
  void end_measure(Outcome& outcome) noexcept;
  void settle(const Exchange& exchange, Outcome& outcome);
  void leave() noexcept;

  // On the reactor's thread.
  void socket_ready();
  void step();
  void finish_async();
  void read_idle();
  void listen(bool quiet_now);
  void idle_check();
  void check_again(Clock::time_point when);
  bool tidy(bool rest);

  void hear(News news);
  void idle_news();
  void read_what_is_left();
  void spoil(const Error& why) noexcept;

  const WorkerSurroundings& around_;
  const std::shared_ptr<const plugin::Descriptor> descriptor_;
  const Value plugin_config_;
  const std::shared_ptr<const Access> access_;
  const Speaker speaker_;
  const Log log_;
  Hooks hooks_{*this};
  plugin::Lifecycle lifecycle_;
  std::shared_ptr<WorkerProcess> process_;
  std::string_view transport_ = "socket";  // since the handshake
  bool compact_ = false;                   // calls have compact headers, since the handshake
  Reactor::Id socket_watch_ = 0;
  std::uint64_t last_id_ = 0;             // the driver's
  Exchange* exchange_ = nullptr;           // the driver's
  std::optional<std::chrono::nanoseconds> cpu_before_;  // the driver's, as is whether the last call took long enough to tell
  bool measured_ = true;
  std::atomic<bool> usable_{true};
  std::atomic<bool> told_{false};  // its end was foreseen, or an outcome or the log said why
  std::atomic<bool> started_{false};  // process_ is there: it can die before we know of it

  mutable std::mutex mutex_;
  std::condition_variable free_;
  Driver driver_ = Driver::nobody;
  Clock::time_point last_used_{};
  bool idle_timer_ = false;
  std::unique_ptr<Async> async_;  // used on the reactor's thread while the driver is `loop`
};

}  // namespace mortise::runtime
