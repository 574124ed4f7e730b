#include "runtime/runtime.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "os/paths.h"
#include "plugin/registry.h"
#include "runtime/companions.h"
#include "runtime/go_program.h"
#include "runtime/inproc.h"
#include "runtime/native_library.h"
#include "runtime/permits.h"
#include "runtime/pool.h"
#include "runtime/tallies.h"
#include "runtime/worker_instance.h"
#include "runtime/worker_zygote.h"

namespace mortise::runtime {
namespace {

Outcome no_instance(const Error& error) {
  Outcome outcome;
  switch (error.code()) {
    case Code::timeout: outcome.ended = Ended::timeout; break;
    case Code::cancelled: outcome.ended = Ended::cancelled; break;
    case Code::plugin: outcome.ended = Ended::error; break;  // its own load, initialize or start failed
    default: outcome.ended = Ended::denied;
  }
  outcome.error = error;
  return outcome;
}

}  // namespace

class Runtime::Parts {
 public:
  Parts(plugin::Registry& registry, const Log& log, RuntimePaths paths, RuntimeSettings settings)
      : registry_(registry),
        permits_(settings.grants, settings.folders),
        log_(log),
        groups_(log, settings.cgroups ? WorkerGroups::Use::where_possible : WorkerGroups::Use::never),
        reactor_(log),
        launcher_(reactor_, log, paths.launcher),
        threads_(log),
        inside_{libraries_, reactor_, log, settings.deadline, settings.grace, settings.house},
        around_{reactor_, launcher_, threads_, {groups_, berths_, watchdog_}, log, with_folder(paths), with_paths(settings, with_folder(paths).working_folder)},
        pool_([this](auto descriptor, const Value& config, const auto& access) { return make(std::move(descriptor), config, access); },
              reactor_,
              threads_, log,
              {settings.idle, settings.shutdown_bound, settings.most_idle,
               [this](const Instance& instance) { tallies_.keep_use_of(instance); }, [this] { berths_.refill(); }}) {}

  Outcome invoke(std::string_view name, const Value& config, Call call) {
    plugin::Registry::Entry descriptor;
    Outcome outcome;
    Operation operation = call.operation;
    try {
      descriptor = registry_.get(name);
      if (const auto former = companion_of_asker(*descriptor, call.chain)) return serve_once(former, own_config(*former, config), std::move(call));
      build_first(descriptor, call);
      const Permit permit = permit_for(descriptor, own_config(*descriptor, config), call);
      const auto deadline = limit(*descriptor, permit, call);
      must_not_rest(*descriptor, operation);
      outcome = invoke_within(descriptor, own_config(*descriptor, config), permit.access, deadline, std::move(call));
    } catch (const Error& error) {
      outcome = no_instance(error);
    }
    if (descriptor != nullptr) count(*descriptor, operation, outcome);
    return outcome;
  }

  Outcome examine(const plugin::Descriptor& descriptor, Call call) {
    auto once = std::make_shared<plugin::Descriptor>(descriptor);
    once->lifetime = plugin::Lifetime::per_call;
    once->trust = plugin::Trust::confined;
    try {
      const Permit permit = permits_.of(once, call.wanted);
      const auto deadline = limit(*once, permit, call);
      return invoke_within(once, Value(), permit.access, deadline, std::move(call));
    } catch (const Error& error) {
      return no_instance(error);
    }
  }

  void start(std::string_view name, const Value& config, Call call, Completion completion) {
    plugin::Registry::Entry descriptor;
    Permit permit;
    try {
      descriptor = registry_.get(name);
      must_not_rest(*descriptor, call.operation);
      permit = permit_for(descriptor, own_config(*descriptor, config), call);
    } catch (const Error& error) {
      Outcome refused = no_instance(error);
      if (descriptor != nullptr) count(*descriptor, call.operation, refused);
      return completion(std::move(refused));
    }
    if (must_build(descriptor)) {
      threads_.run([this, descriptor, config, permit, call = std::move(call), completion = std::move(completion)]() mutable {
        try {
          build_first(descriptor, call);
        } catch (const Error& error) {
          return completion(no_instance(error));
        }
        start_found(descriptor, config, permit, std::move(call), std::move(completion));
      });
      return;
    }
    start_found(descriptor, config, permit, std::move(call), std::move(completion));
  }

  void start_found(const plugin::Registry::Entry& descriptor, const Value& config, const Permit& permit, Call call,
                   Completion completion) {
    const auto deadline = limit(*descriptor, permit, call);
    start_once(std::make_shared<Started>(Started{descriptor, own_config(*descriptor, config), permit.access, deadline, call.operation, std::move(call),
                                                 std::move(completion), attempts(*descriptor)}));
  }

  std::vector<PluginStats> stats() const { return tallies_.stats(pool_); }

  std::optional<Quarantine> quarantine(std::string_view name) const {
    const auto descriptor = registry_.find(name);
    return descriptor == nullptr ? std::nullopt : tallies_.quarantine(descriptor->id);
  }

  bool release(std::string_view name) {
    const auto descriptor = registry_.get(name);
    const bool rested = tallies_.gate_of(*descriptor).release();
    if (rested) log_.info("a plugin was released from its quarantine", {{"plugin", descriptor->id}});
    return rested;
  }

  std::vector<Switched> switch_to(std::vector<plugin::Descriptor> next, const std::function<void()>& commit) {
    const std::lock_guard one_at_a_time(switching_);
    Companions::Set present, coming;
    std::chrono::milliseconds patience{};
    for (plugin::Descriptor& one : next) {
      present.push_back(registry_.get(one.id));
      patience = std::max(patience, deadline_of(*present.back()).value_or(around_.settings.deadline));
      coming.push_back(registry_.prepare(std::move(one)));
    }
    companions_.bind(present);
    companions_.bind(coming);
    try {
      pool_.switch_to(coming, Clock::now() + patience, [&] {
        if (commit) commit();
        registry_.replace(coming);
      });
    } catch (...) {
      companions_.release(coming);
      companions_.release(present);
      throw;
    }
    companions_.release(coming);  // they are what everybody finds
    std::vector<Switched> done;
    for (std::size_t i = 0; i < coming.size(); ++i) done.push_back(switched(*present[i], *coming[i]));
    return done;
  }

  Switched switched(const plugin::Descriptor& before, const plugin::Descriptor& now) {
    tallies_.gate_of(now).begin(now.on_failure);
    log_.info("a plugin went over to its next generation",
              {{"plugin", now.id}, {"from", before.version_text}, {"to", now.version_text}, {"generation", now.generation}});
    return {before.version_text, now.version_text, now.generation};
  }

  void retire(const std::string& plugin) {
    companions_.forget(plugin);
    pool_.retire(plugin);
  }

  void make_zygotes(const std::set<std::string>& languages) {
    if (around_.settings.zygotes != RuntimeSettings::Zygotes::ahead) return;
    for (const std::string& language : languages) {
      if (auto words = zygote_words(language, around_.paths)) launcher_.prepare(*words);
    }
  }

  LimitKeepers limit_keepers() const { return groups_.keepers(); }

  std::optional<std::chrono::milliseconds> deadline_of(const plugin::Descriptor& descriptor) const {
    return permits_.deadline_of(descriptor);
  }

  plugin::Registry& registry() noexcept { return registry_; }
  Pool& pool() noexcept { return pool_; }
  LauncherClient& launcher() noexcept { return launcher_; }

 private:
  // A call on its way by start().
  struct Started {
    plugin::Registry::Entry descriptor;
    Value config;
    std::shared_ptr<const Access> access;
    Clock::time_point deadline;
    Operation operation;
    Call call;
    Completion completion;
    std::uint32_t attempts_left;
  };

  // Plugins in Go are built before they are first used; a deadline begins after that.
  bool must_build(const plugin::Registry::Entry& descriptor) const {
    if (descriptor->language != "go" || !descriptor->entry.ends_with(".go")) return false;
    const std::shared_lock lock(built_mutex_);
    const auto found = built_.find(descriptor->id);
    return found == built_.end() || found->second != descriptor;
  }
  void build_first(const plugin::Registry::Entry& descriptor, Call& call) {
    if (!must_build(descriptor)) return;
    const auto begun = Clock::now();
    if (!go_program_is_ready(*descriptor, around_.paths)) {
      log_.info("builds a plugin", {{"plugin", descriptor->id}, {"folder", descriptor->folder}});
    }
    (void)go_program(*descriptor, around_.paths);
    if (call.deadline) *call.deadline += Clock::now() - begun;
    const std::unique_lock lock(built_mutex_);
    built_[descriptor->id] = descriptor;
  }

  static const Value& own_config(const plugin::Descriptor& descriptor, const Value& config) {
    return config.is_null() ? descriptor.settings : config;
  }

  // A worker that had ended before a call reached it says nothing about the call: it goes to another one, past as many dead
  // ones as there can be.
  static std::uint32_t attempts(const plugin::Descriptor& descriptor) {
    return descriptor.trust == plugin::Trust::in_process ? 1 : std::max(descriptor.max_instances, 1U) + 1;
  }
  bool goes_elsewhere(const plugin::Descriptor& descriptor, const Outcome& outcome, std::uint32_t attempts_left) const {
    if (outcome.ended != Ended::crashed || outcome.pid != 0 || attempts_left == 0) return false;
    log_.failure("a call goes to another worker", *outcome.error, {{"plugin", descriptor.id}});
    return true;
  }

  void name_process(const plugin::Descriptor& descriptor, Outcome& outcome) const {
    if (descriptor.trust == plugin::Trust::in_process && outcome.ended != Ended::denied) outcome.pid = own_pid_;
  }

  Outcome invoke_within(const plugin::Registry::Entry& descriptor, const Value& config,
                        const std::shared_ptr<const Access>& access, Clock::time_point deadline, Call call) {
    for (std::uint32_t left = attempts(*descriptor) - 1;; --left) {
      const Lease lease = pool_.acquire(descriptor, config, deadline, call.cancel, call.chain, access);
      Outcome outcome = lease->invoke(left == 0 ? std::move(call) : Call(call));
      if (goes_elsewhere(*descriptor, outcome, left)) continue;
      name_process(*descriptor, outcome);
      return outcome;
    }
  }

  // Who asks may belong to a generation that went, together with another generation of the plugin it asks.
  plugin::Registry::Entry companion_of_asker(const plugin::Descriptor& present, const Chain& chain) const {
    const auto asker = chain.empty() ? std::nullopt : pool_.asker(chain);
    if (!asker) return nullptr;
    auto former = companions_.of(asker->instance->descriptor(), present.id);
    return former == nullptr || former->generation == present.generation ? nullptr : former;
  }

  // In an instance of its own that goes afterwards: whatever was warm of that generation is gone, or on its way.
  Outcome serve_once(const plugin::Registry::Entry& descriptor, const Value& config, Call call) {
    build_first(descriptor, call);
    const Permit permit = permit_for(descriptor, config, call);
    (void)limit(*descriptor, permit, call);
    const MadeInstance made = make(descriptor, config, permit.access);
    struct Goes {
      Instance& instance;
      ~Goes() { instance.cleanup(); }
    } const goes{*made.instance};
    made.instance->initialize();
    made.instance->start();
    return made.instance->invoke(std::move(call));
  }

  void start_once(const std::shared_ptr<Started>& started) {
    --started->attempts_left;
    pool_.acquire_later(started->descriptor, started->config, started->deadline, started->call.cancel,
                        started->call.chain, [this, started](Lease lease, std::optional<Error> error) {
                          if (error) return finish(*started, no_instance(*error));
                          auto held = std::make_shared<Lease>(std::move(lease));
                          Call call = started->attempts_left == 0 ? std::move(started->call) : started->call;
                          (*held)->start(std::move(call), [this, started, held](Outcome outcome) {
                            held->give_back();
                            if (goes_elsewhere(*started->descriptor, outcome, started->attempts_left))
                              return start_once(started);
                            name_process(*started->descriptor, outcome);
                            finish(*started, std::move(outcome));
                          });
                        },
                        started->access);
  }

  void finish(Started& started, Outcome outcome) {
    count(*started.descriptor, started.operation, outcome);
    started.completion(std::move(outcome));
  }

  static RuntimeSettings with_paths(RuntimeSettings settings, const std::string& working_folder) {
    using Right = sandbox::Path::Access;
    if (settings.worker_paths.empty()) settings.worker_paths = {{working_folder, Right::write, sandbox::Path::Presence::must_exist}};
    return settings;
  }

  static RuntimePaths with_folder(RuntimePaths paths) {
    paths.working_folder = os::absolute(paths.working_folder.empty() ? "." : paths.working_folder);
    return paths;
  }

  Permit permit_for(const plugin::Registry::Entry& descriptor, const Value& config, const Call& call) const {
    const auto asker = call.chain.empty() ? std::nullopt : pool_.asker(call.chain);
    Wanted wanted = asker ? handed_on(call.input, asker->access.get()) : call.wanted;
    add_own(wanted, *descriptor, config);
    return permits_.of(descriptor, wanted);
  }

  // Until when the call may take. A worker has a deadline always; in this process only one that somebody set holds, because
  // watching it costs a thread. The operator's limit stands above what a call asks for.
  Clock::time_point limit(const plugin::Descriptor& descriptor, const Permit& permit, Call& call) const {
    const auto now = Clock::now();
    const auto usual = permit.deadline.value_or(around_.settings.deadline);
    const auto deadline = std::min(call.deadline.value_or(now + usual), permit.cap ? now + *permit.cap : Clock::time_point::max());
    if (call.deadline || (descriptor.trust == plugin::Trust::in_process && (permit.deadline || permit.cap))) call.deadline = deadline;
    return deadline;
  }

  // What a plugin needs comes before it: every provider has an instance that has started, or the plugin is refused.
  void start_providers(const plugin::Registry::Entry& descriptor) {
    if (descriptor->requires_.empty()) return;
    const std::vector<Pool::Entry> warm = pool_.entries();
    const Companions::Set companions = companions_.of(*descriptor);
    for (const auto& provider : registry_.in_dependency_order(descriptor, companions)) {
      const auto is_provider = [&](const Pool::Entry& entry) { return entry.plugin == provider->id; };
      const bool comes_or_goes = std::find(companions.begin(), companions.end(), provider) != companions.end();
      if (comes_or_goes || provider->id == descriptor->id || std::any_of(warm.begin(), warm.end(), is_provider)) continue;
      const Permit permit = permit_for(provider, provider->settings, {});
      const auto deadline = Clock::now() + permit.deadline.value_or(around_.settings.deadline);
      (void)pool_.acquire(provider, provider->settings, deadline, {}, {}, permit.access);
    }
  }

  MadeInstance make(std::shared_ptr<const plugin::Descriptor> descriptor, const Value& config,
                    const std::shared_ptr<const Access>& access) {
    if (around_.settings.admit) around_.settings.admit(*descriptor);
    start_providers(descriptor);
    if (descriptor->trust == plugin::Trust::in_process) {
      const std::uint32_t capacity = std::max(descriptor->concurrency, 1U);
      return {InprocInstance::load(inside_, std::move(descriptor), config), capacity};
    }
    // Without one it is only tried out (Pool::switch_to), as a call would that wants nothing of its own.
    const auto used = access != nullptr ? access : permits_.of(descriptor, {}).access;
    auto instance = WorkerInstance::launch(around_, with_limits(*descriptor, *used), config, used);
    tallies_.count_start(*descriptor, instance->start_told());
    return {std::move(instance), 1};
  }

  // Throws Error{busy} for a plugin in quarantine.
  void must_not_rest(const plugin::Descriptor& descriptor, Operation operation) {
    if (!FailureGate::counts(operation)) return;
    if (auto refusal = tallies_.gate_of(descriptor).refusal(descriptor.id)) throw Error(std::move(*refusal));
  }

  void count(const plugin::Descriptor& descriptor, Operation operation, const Outcome& outcome) {
    if (!tallies_.count(descriptor, operation, outcome)) return;
    const auto rest = tallies_.quarantine(descriptor.id);
    log_.warning("a plugin is quarantined after failures",
                 {{"plugin", descriptor.id},
                  {"failures", rest ? rest->failures : 0},
                  {"until", rest && rest->until ? to_rfc3339(*rest->until) : std::string("it is released")}});
  }

  const std::int64_t own_pid_ = ::getpid();  // asking the kernel each time would cost more than a call
  plugin::Registry& registry_;
  Permits permits_;
  const Log log_;
  std::mutex switching_;
  Companions companions_;
  Tallies tallies_;
  mutable std::shared_mutex built_mutex_;
  std::map<std::string, plugin::Registry::Entry> built_;  // plugins in Go whose program is there
  // Made in this order and gone in the other: each uses those above until it has gone.
  WorkerGroups groups_;  // before the launcher, which goes where this process does
  WorkerWatchdog watchdog_;
  Reactor reactor_;
  LauncherClient launcher_;
  WorkerBerths berths_{groups_, launcher_};
  TaskThreads threads_;
  NativeLibraries libraries_;
  InprocSurroundings inside_;
  WorkerSurroundings around_;
  Pool pool_;
};

Runtime::Runtime(plugin::Registry& registry, Log& log, RuntimePaths paths, RuntimeSettings settings)
    : parts_(std::make_unique<Parts>(registry, log, std::move(paths), std::move(settings))) {}

Runtime::~Runtime() { shutdown(); }

Outcome Runtime::invoke(std::string_view plugin, const Value& plugin_config, Call call) {
  return parts_->invoke(plugin, plugin_config, std::move(call));
}

Outcome Runtime::examine(const plugin::Descriptor& descriptor, Call call) {
  return parts_->examine(descriptor, std::move(call));
}

void Runtime::start(std::string_view plugin, const Value& plugin_config, Call call, Completion completion) {
  parts_->start(plugin, plugin_config, std::move(call), std::move(completion));
}

std::vector<PluginStats> Runtime::stats() const { return parts_->stats(); }

std::vector<InstanceInfo> Runtime::instances() const {
  std::vector<InstanceInfo> all;
  for (const Pool::Entry& entry : parts_->pool().entries()) {
    all.push_back(
        {entry.plugin, entry.version, entry.state, entry.pid, entry.in_process, entry.leased, entry.age, entry.leases,
         entry.generation, entry.transport, entry.start});
  }
  return all;
}

std::optional<Quarantine> Runtime::quarantine(std::string_view plugin) const { return parts_->quarantine(plugin); }
bool Runtime::release(std::string_view plugin) { return parts_->release(plugin); }
LimitKeepers Runtime::limit_keepers() const { return parts_->limit_keepers(); }
void Runtime::make_zygotes(const std::set<std::string>& languages) { parts_->make_zygotes(languages); }
std::vector<Switched> Runtime::switch_to(std::vector<plugin::Descriptor> next, const std::function<void()>& commit) {
  return parts_->switch_to(std::move(next), commit);
}
Switched Runtime::switch_to(plugin::Descriptor next) {
  std::vector<plugin::Descriptor> one;
  one.push_back(std::move(next));
  return parts_->switch_to(std::move(one), {}).front();
}

std::int64_t Runtime::launcher_pid() const noexcept { return parts_->launcher().pid(); }

std::optional<std::chrono::milliseconds> Runtime::deadline_of(const plugin::Descriptor& descriptor) const {
  return parts_->deadline_of(descriptor);
}

void Runtime::retire(std::string_view plugin) {
  const auto descriptor = parts_->registry().find(plugin);
  parts_->retire(descriptor != nullptr ? descriptor->id : std::string(plugin));
}

void Runtime::retire(std::string_view plugin, const Value& plugin_config) {
  if (const auto descriptor = parts_->registry().find(plugin)) parts_->pool().retire(descriptor->id, plugin_config);
}

void Runtime::shutdown() { parts_->pool().shutdown(); }

}  // namespace mortise::runtime
