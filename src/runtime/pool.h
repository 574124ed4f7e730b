// Pool: warm instances of plugins, handed out one call at a time.
//
// Instances are kept per (plugin id, version, plugin configuration, access), and all of them are of one generation of the plugin.
// Who finds none idle gets a new one while the descriptor allows more (max_instances), and waits in turn otherwise, up to its
// deadline. Where a plugin has so many already, an idle one with another access makes room: calls that name ever new files do
// not fill the machine with warm workers. The pool drives the lifecycle:
// load, initialize, start before the first call; stop and cleanup at the end, always, within a bound. An instance that
// crashed, was killed or is stuck is taken out at once and replaced on demand; an idle one goes after a time. Plugins with
// lifetime per_call get a fresh instance for every lease. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mortise/value.hpp"
#include "plugin/descriptor.h"
#include "runtime/call.h"

namespace mortise {
class Log;
}

namespace mortise::runtime {

struct Access;
class Instance;
class Pool;
class Reactor;
class TaskThreads;

// The right to make one call at a time on an instance. Gives it back when it goes.
class Lease {
 public:
  Lease() noexcept;
  Lease(Lease&&) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  [[nodiscard]] explicit operator bool() const noexcept { return instance_ != nullptr; }
  [[nodiscard]] Instance& operator*() const noexcept { return *instance_; }
  [[nodiscard]] Instance* operator->() const noexcept { return instance_.get(); }
  void give_back() noexcept;

 private:
  friend class Pool;
  struct Home;
  Lease(std::shared_ptr<Instance> instance, std::unique_ptr<Home> home) noexcept;
  std::shared_ptr<Instance> instance_;
  std::unique_ptr<Home> home_;
};

// Makes a loaded instance and says how many calls it takes at once. May block; throws Error.
struct MadeInstance {
  std::shared_ptr<Instance> instance;
  std::uint32_t capacity = 1;
};
using InstanceFactory =
    std::function<MadeInstance(std::shared_ptr<const plugin::Descriptor> descriptor, const Value& plugin_config,
                               const std::shared_ptr<const Access>& access)>;

class Pool {
 public:
  struct Settings {
    std::chrono::milliseconds idle{300'000};          // an unused instance goes after this
    std::chrono::milliseconds shutdown_bound{5'000};  // stop and cleanup of everything together
    std::size_t most_idle = 64;                       // of all plugins together; the one unused for longest goes first
    std::function<void(const Instance&)> ended = {};  // told of every instance after its cleanup
    std::function<void()> after_start = {};  // of an instance, when nobody waits for it any more
  };
  // `reactor` and `threads` outlive the pool.
  Pool(InstanceFactory factory, Reactor& reactor, TaskThreads& threads, const Log& log, Settings settings);
  ~Pool();  // shuts down
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // `access` null: any instance without one will do. Blocks. Throws Error{timeout}, Error{cancelled}, Error{busy} after shutdown began, or what made the start fail.
  [[nodiscard]] Lease acquire(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& plugin_config,
                              std::optional<Clock::time_point> deadline, const CancelToken& cancel,
                              const Chain& chain = {}, const std::shared_ptr<const Access>& access = {});

  // Does not block; `ready` comes once, on this thread when an instance is idle, else on another. It must not block.
  using Ready = std::function<void(Lease, std::optional<Error>)>;
  void acquire_later(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& plugin_config,
                     std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain,
                     Ready ready, const std::shared_ptr<const Access>& access = {});

  // Stops and cleans up every idle instance of the plugin, and the leased ones once they come back.
  void retire(const std::string& plugin_id);
  // Only those with this configuration.
  void retire(const std::string& plugin_id, const Value& plugin_config);

  // The one switch from one generation of plugins to the next, for reload, update and rollback; several of them at one instant,
  // providers before those that need them. Each next one is loaded once, to see that it can be; then instances of it are started
  // for every configuration in use; then `commit` is called; then all take the place of the present ones.
  //   Several instances, or one for each call: they overlap. Calls that run end on the present generation, later ones begin on
  //   the next, and none waits.
  //   One resident instance (max_instances 1): it may hold something that there is once. Calls wait in line, the present one is
  //   stopped, then the next one starts. Where one of several is such a one, calls of all of them wait, those of plugins that
  //   need others first: so a call that runs still gets its answers from the others.
  // When a next one does not start, or `commit` throws, the present ones go on (a stopped one is started again) and that
  // error is thrown; Error{busy} when calls did not end until the deadline. Blocks. One switch of a plugin at a time.
  using Generations = std::vector<std::shared_ptr<const plugin::Descriptor>>;
  void switch_to(const Generations& next, Clock::time_point deadline, const std::function<void()>& commit);

  // Refuses new leases, waits for those out, stops and cleans up all. What is not done at the bound is killed. Idempotent.
  void shutdown();

  struct Entry {
    std::string plugin;
    std::string version;
    std::uint64_t generation = 0;
    std::string state;
    std::int64_t pid = 0;
    bool in_process = false;
    bool leased = false;
    std::chrono::milliseconds age{};
    std::uint64_t leases = 0;  // since it began
    std::string transport = {};  // see Instance::transport
    std::string start = {};      // see Instance::start_told
  };
  [[nodiscard]] std::vector<Entry> entries() const;
  // All that are there, also those that are going.
  [[nodiscard]] std::vector<std::shared_ptr<Instance>> instances() const;
  // What the instance may reach that waits innermost in the chain: null access where it runs in this process. Nothing when it
  // is none of ours, or nobody waits.
  struct Asker {
    std::shared_ptr<const Access> access;
    std::shared_ptr<Instance> instance;
  };
  [[nodiscard]] std::optional<Asker> asker(const Chain& chain) const;
  // Calls that wait for an instance of the plugin at this moment.
  [[nodiscard]] std::size_t waiting(const std::string& plugin_id) const;
  // Instances of the plugin that had to be taken out because they could not be used any more.
  [[nodiscard]] std::uint64_t replaced(const std::string& plugin_id) const;

 private:
  friend class Lease;
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace mortise::runtime
