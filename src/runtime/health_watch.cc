#include "runtime/health_watch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"

namespace mortise::runtime {
namespace {

constexpr auto patience = std::chrono::seconds(10);

// {healthy, message}, true or false, or an error.
Health read(const Outcome& outcome) {
  Health health;
  if (!outcome.ok()) {
    if (outcome.error && outcome.error->code() == Code::unsupported) return health;
    health.healthy = false;
    health.message = outcome.error ? outcome.error->describe() : std::string(name_of(outcome.ended));
    return health;
  }
  const Value& said = outcome.value;
  if (said.is(Kind::boolean)) health.healthy = said.as_bool();
  if (said.is(Kind::map)) {
    const Value* healthy = said.find("healthy");
    const Value* message = said.find("message");
    health.healthy = healthy == nullptr || !healthy->is(Kind::boolean) || healthy->as_bool();
    if (message != nullptr && message->is(Kind::string)) health.message = message->as_string();
  }
  return health;
}

}  // namespace

HealthWatch::HealthWatch(const plugin::Registry& registry, Runtime& runtime, const Log& log,
                         std::chrono::milliseconds interval)
    : registry_(registry), runtime_(runtime), log_(log), interval_(interval), thread_([this] { loop(); }) {}

HealthWatch::~HealthWatch() { stop(); }

void HealthWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Health HealthWatch::check(std::string_view plugin) {
  const std::string id = registry_.get(plugin)->id;
  Call call;
  call.operation = Operation::health;
  call.deadline = Clock::now() + patience;
  const auto begin = Clock::now();
  Health health = read(runtime_.invoke(id, std::move(call)));
  health.elapsed = Clock::now() - begin;
  health.checked = now();
  std::optional<bool> before;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(id); found != known_.end()) before = found->second.healthy;
    known_.insert_or_assign(id, health);
  }
  if (!health.healthy && before.value_or(true))
    log_.warning("a plugin is not well", {{"plugin", id}, {"message", health.message}});
  if (health.healthy && !before.value_or(true)) log_.info("a plugin is well again", {{"plugin", id}});
  return health;
}

std::optional<Health> HealthWatch::last(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(id);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

std::map<std::string, Health, std::less<>> HealthWatch::all() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

void HealthWatch::set_interval(std::chrono::milliseconds interval) {
  {
    const std::lock_guard lock(mutex_);
    interval_ = interval;
  }
  changed_.notify_all();
}

void HealthWatch::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto interval = interval_;
    const auto changed = [&] { return stopping_ || interval_ != interval; };
    if (interval.count() == 0) {
      changed_.wait(lock, changed);
    } else if (!changed_.wait_for(lock, interval, changed)) {
      lock.unlock();
      check_used();
      lock.lock();
    }
  }
}

void HealthWatch::check_used() {
  for (const PluginStats& stats : runtime_.stats()) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (calls_[stats.plugin] == stats.calls) continue;
      calls_[stats.plugin] = stats.calls + 1;  // what is asked now counts as a call
    }
    try {
      (void)check(stats.plugin);
    } catch (const Error& error) {
      log_.failure("a plugin was not asked whether it is well", error, {{"plugin", stats.plugin}});
    }
  }
}

}  // namespace mortise::runtime
