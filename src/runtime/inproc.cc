#include "runtime/inproc.h"

#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "runtime/inproc_core.h"

namespace mortise::runtime {

// ---- calls that may be given up --------------------------------------------------------------------------------------

// One call on a thread of the executor. Its completion comes once: when the plugin is back, or when it is given up.
struct InprocInstance::Job : std::enable_shared_from_this<Job> {
  Job(std::shared_ptr<Core> made_for, Call made_of, Completion when_done)
      : core(std::move(made_for)),
        call(std::move(made_of)),
        native(call, static_cast<std::uint32_t>(call.operation), core->plugin()),
        completion(std::move(when_done)) {}

  void post() {
    core->executor().post([self = shared_from_this()] { self->run(); });
  }

  void run() {
    Outcome outcome;
    core->enter(native, outcome);
    outcome.elapsed = Clock::now() - began;
    bool late = false;
    {
      const std::lock_guard lock(mutex);
      late = std::exchange(done, true);
    }
    core->give_slot();  // before the completion, which may begin the next call
    if (late) return core->unstuck();
    end(std::move(outcome));
  }

  void give_up(Ended ended) {
    {
      const std::lock_guard lock(mutex);
      if (std::exchange(done, true)) return;
      core->stuck();
    }
    native.abandon();
    Outcome outcome = core->given_up(call, ended);
    outcome.elapsed = Clock::now() - began;
    end(std::move(outcome));
  }

  // There was no thread for it.
  void fail(const Error& error) {
    bool late = false;
    {
      const std::lock_guard lock(mutex);
      late = std::exchange(done, true);
    }
    core->give_slot();
    if (late) return core->unstuck();
    Outcome outcome;
    outcome.ended = Ended::denied;
    outcome.error = error;
    end(std::move(outcome));
  }

  void end(Outcome outcome) {
    forget_alarms();
    try {
      std::exchange(completion, nullptr)(std::move(outcome));
    } catch (const std::exception& exception) {
      core->plugin().log.error("a completion threw", {{"reason", std::string_view(exception.what())}});
    }
  }

  void ring(Clock::time_point when, Ended ended) {
    const auto id = core->around().reactor.at(when, [weak = weak_from_this(), ended] {
      if (const auto self = weak.lock()) self->give_up(ended);
    });
    bool too_late = false;
    {
      const std::lock_guard lock(mutex);
      too_late = done;
      if (!done) alarms.push_back(id);
    }
    if (too_late) core->around().reactor.forget(id);
  }

  void forget_alarms() {
    std::vector<Reactor::Id> old;
    {
      const std::lock_guard lock(mutex);
      old.swap(alarms);
    }
    for (const Reactor::Id id : old) core->around().reactor.forget(id);
  }

  const std::shared_ptr<Core> core;
  const Call call;
  NativeCall native;
  Completion completion;  // of whoever sets `done`
  const Clock::time_point began = Clock::now();
  std::mutex mutex;
  bool done = false;
  std::vector<Reactor::Id> alarms;
  CancelToken::Registration on_cancel;
};

void InprocInstance::start(Call call, Completion completion) {
  if (!core_->admits(call)) return completion(core_->refusal(call));
  const auto job = std::make_shared<Job>(core_, std::move(call), std::move(completion));
  try {
    if (job->call.deadline) job->ring(*job->call.deadline, Ended::timeout);
    job->on_cancel = job->call.cancel.on_cancel([weak = std::weak_ptr<Job>(job), grace = core_->around().grace] {
      if (const auto self = weak.lock()) self->ring(Clock::now() + grace, Ended::cancelled);
    });
    job->post();
  } catch (const Error& error) {
    job->fail(error);
  }
}

// ---- calls that somebody waits for -----------------------------------------------------------------------------------

namespace {

// Where a caller waits for its outcome, or for its time to be up.
struct Waiter {
  std::mutex mutex;
  std::condition_variable news;
  std::optional<Outcome> outcome;
  Clock::time_point until;
  Ended then = Ended::timeout;  // what the call ends with at `until`

  void tell(Outcome told) {
    const std::lock_guard lock(mutex);
    outcome = std::move(told);
    news.notify_all();
  }
  void hurry(Clock::time_point by, Ended reason) {
    const std::lock_guard lock(mutex);
    if (by >= until) return;
    until = by;
    then = reason;
    news.notify_all();
  }
  // True when the outcome is there, false when the time is up.
  bool wait(std::unique_lock<std::mutex>& lock) {
    while (!outcome && Clock::now() < until) news.wait_until(lock, until);
    return outcome.has_value();
  }
};

}  // namespace

// One Outcome on every path, so that it is made where the caller wants it.
Outcome InprocInstance::invoke(Call call) {
  Outcome outcome;
  if (!core_->admits(call)) {
    outcome = core_->refusal(call);
  } else if (call.deadline) {
    outcome = invoke_within(std::move(call));
  } else {
    NativeCall native(call, static_cast<std::uint32_t>(call.operation), core_->plugin());
    core_->enter(native, outcome);
    core_->give_slot();
  }
  return outcome;
}

Outcome InprocInstance::invoke_within(Call call) {
  const auto waiter = std::make_shared<Waiter>();
  waiter->until = *call.deadline;
  const auto job =
      std::make_shared<Job>(core_, std::move(call), [waiter](Outcome outcome) { waiter->tell(std::move(outcome)); });
  const auto on_cancel = job->call.cancel.on_cancel(
      [waiter, grace = core_->around().grace] { waiter->hurry(Clock::now() + grace, Ended::cancelled); });
  try {
    job->post();
  } catch (const Error& error) {
    job->fail(error);
  }
  std::unique_lock lock(waiter->mutex);
  if (!waiter->wait(lock)) {
    const Ended ended = waiter->then;
    lock.unlock();
    job->give_up(ended);  // or it came back just now; either way the outcome follows at once
    lock.lock();
    waiter->news.wait(lock, [&] { return waiter->outcome.has_value(); });
  }
  return *std::move(waiter->outcome);
}

// ---- the rest --------------------------------------------------------------------------------------------------------

std::shared_ptr<InprocInstance> InprocInstance::load(const InprocSurroundings& surroundings,
                                                     std::shared_ptr<const plugin::Descriptor> descriptor,
                                                     const Value& plugin_config) {
  auto core = std::make_shared<Core>(surroundings, std::move(descriptor), plugin_config);
  core->drive(plugin::Verb::load, core->allowed());
  return std::shared_ptr<InprocInstance>(new InprocInstance(std::move(core)));
}

InprocInstance::~InprocInstance() { core_->clean_up(); }

const plugin::Descriptor& InprocInstance::descriptor() const noexcept { return core_->descriptor(); }
std::uint64_t InprocInstance::serial() const noexcept { return core_->plugin().instance; }
plugin::State InprocInstance::state() const noexcept { return core_->state(); }
std::int64_t InprocInstance::pid() const noexcept { return ::getpid(); }
bool InprocInstance::usable() const noexcept { return core_->usable(); }

void InprocInstance::initialize() { core_->drive(plugin::Verb::initialize, core_->allowed()); }
void InprocInstance::start() { core_->drive(plugin::Verb::start, core_->allowed()); }
void InprocInstance::stop() { core_->drive(plugin::Verb::stop, core_->allowed()); }
void InprocInstance::cleanup() noexcept { core_->clean_up(); }

}  // namespace mortise::runtime
