// The inside of the Pool. One lock guards all shelves: what happens under it takes well below a microsecond, and nothing of
// an instance is called there but usable(), serial() and state().
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "runtime/access.h"
#include "runtime/instance.h"
#include "runtime/pool.h"
#include "runtime/reactor.h"
#include "runtime/task_threads.h"

namespace mortise::runtime {

class Pool::Core : public std::enable_shared_from_this<Pool::Core> {
 public:
  struct Slot;
  struct Waiter;
  struct Starter;
  struct Shelf;
  using SlotPtr = std::shared_ptr<Slot>;
  using WaiterPtr = std::shared_ptr<Waiter>;
  using ShelfPtr = std::shared_ptr<Shelf>;

  // One instance and who uses it.
  struct Slot {
    std::shared_ptr<Instance> instance;
    std::uint32_t capacity = 1;
    std::uint32_t in_use = 0;
    std::uint64_t leases = 0;
    Clock::time_point born = Clock::now();
    Clock::time_point last_used = born;
    std::uint64_t generation = 0;
    bool retired = false;
  };

  // One who waits for an instance. Decided once: by an instance, by the right to start one, or by an error.
  struct Waiter {
    enum class Decision { none, lease, start, refused };
    Decision decision = Decision::none;
    SlotPtr slot;
    std::optional<Error> error;
    std::condition_variable decided;  // of one who blocks
    Pool::Ready ready;                // of one who does not, with how long it waits
    std::optional<Clock::time_point> deadline;
    CancelToken cancel;
    CancelToken::Registration registration;
    Reactor::Id timer = 0;
  };

  // One who waits for an instance that is being started. Decided once; an instance that comes too late is for others.
  struct Starter {
    std::mutex mutex;
    Pool::Ready ready;                       // empty: decided
    CancelToken::Registration registration;  // the reactor's, as is the timer
    Reactor::Id timer = 0;
  };

  // All instances of one plugin in one version with one configuration and one access.
  struct Shelf {
    Shelf(std::shared_ptr<const plugin::Descriptor> its_descriptor, Value its_config, std::shared_ptr<const Access> its_access)
        : id(its_descriptor->id),
          config(std::move(its_config)),
          access(std::move(its_access)),
          descriptor(std::move(its_descriptor)) {}
    const std::string id;
    const Value config;
    const std::shared_ptr<const Access> access;            // may be null
    std::shared_ptr<const plugin::Descriptor> descriptor;  // of the present generation; under the lock
    bool paused = false;                                   // for a switch: nobody gets or starts an instance
    std::vector<SlotPtr> slots;
    std::uint32_t starting = 0;
    std::deque<WaiterPtr> waiters;

    // Another generation has the same shelf, which goes over to it when it is a later one.
    [[nodiscard]] bool holds(const plugin::Descriptor& other, const Value& other_config, const Access* other_access) const {
      const bool both = access != nullptr && other_access != nullptr;
      const bool same_access = access.get() == other_access || (both && *access == *other_access);
      if (!same_access || descriptor->trust != other.trust || config != other_config) return false;
      return descriptor->generation != other.generation ||
             (descriptor->version_text == other.version_text && descriptor->folder == other.folder &&
              descriptor->entry == other.entry);
    }
    // There is once what it may hold.
    [[nodiscard]] bool exclusive() const { return !per_call() && descriptor->max_instances <= 1; }
    [[nodiscard]] bool per_call() const { return descriptor->lifetime == plugin::Lifetime::per_call; }
    // Those of an earlier generation end with their calls, and do not count.
    [[nodiscard]] bool may_grow() const {
      if (paused) return false;
      const auto present = std::count_if(slots.begin(), slots.end(),
                                         [&](const SlotPtr& slot) { return slot->generation == descriptor->generation; });
      return static_cast<std::size_t>(present) + starting < std::max<std::size_t>(descriptor->max_instances, 1);
    }
  };

  Core(InstanceFactory factory, Reactor& reactor, TaskThreads& threads, const Log& log, Settings settings)
      : factory_(std::move(factory)), reactor_(reactor), threads_(threads), log_(log), settings_(settings) {}

  Lease acquire(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain,
                const std::shared_ptr<const Access>& access);
  void acquire_later(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                     std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain,
                     Ready ready, const std::shared_ptr<const Access>& access);
  void give_back(const ShelfPtr& shelf, const SlotPtr& slot) noexcept;
  void retire(const std::string& plugin_id, const Value* config);
  void switch_to(const Generations& next, Clock::time_point deadline, const std::function<void()>& commit);
  void shutdown();
  void trim();
  std::vector<Entry> entries() const;
  std::vector<std::shared_ptr<Instance>> instances() const;
  std::optional<Asker> asker(const Chain& chain) const;
  std::size_t waiting(const std::string& plugin_id) const;
  std::uint64_t replaced(const std::string& plugin_id) const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct AsBefore;
  ShelfPtr shelf_of(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                    const std::shared_ptr<const Access>& access);
  void make_room(const Shelf& growing);
  SlotPtr idle_slot(Shelf& shelf);
  WaiterPtr join(const ShelfPtr& shelf, const Chain& chain);
  void decide(const WaiterPtr& waiter);
  void serve(const ShelfPtr& shelf);
  void refuse(const ShelfPtr& shelf, const WaiterPtr& waiter, Error error);
  void take_out(const ShelfPtr& shelf, const SlotPtr& slot);
  void dispose(SlotPtr slot);
  Lease lease(const ShelfPtr& shelf, SlotPtr slot);
  Lease start_instance(const ShelfPtr& shelf);
  void start_elsewhere(const ShelfPtr& shelf, std::optional<Clock::time_point> deadline, const CancelToken& cancel,
                       Ready ready);
  Lease start_and_wait(const ShelfPtr& shelf, std::optional<Clock::time_point> deadline, const CancelToken& cancel);
  void watch_start(const std::shared_ptr<Starter>& starter, std::optional<Clock::time_point> deadline,
                   const CancelToken& cancel, const std::string& plugin);
  void settle_start(const std::shared_ptr<Starter>& starter, Lease lease, std::optional<Error> error);
  SlotPtr make(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
               const std::shared_ptr<const Access>& access);
  void trim_idle();

  // pool_switch.cc
  struct Successor {
    ShelfPtr shelf;
    SlotPtr slot;
  };
  using Shelves = std::vector<ShelfPtr>;
  // One plugin that goes over.
  struct Passage {
    std::shared_ptr<const plugin::Descriptor> next;
    Shelves shelves;        // when the switch began
    bool exclusive = false;
    std::vector<SlotPtr> stopped;
    std::vector<Successor> successors;
  };
  using Passages = std::vector<Passage>;
  Passages passages(const Generations& next);
  void try_out(const std::shared_ptr<const plugin::Descriptor>& next);
  void pause(Lock& lock, const Passages& all, Clock::time_point deadline);
  void wait_until_quiet(Lock& lock, const Passage& passage, Clock::time_point deadline);
  void stop_present(Passage& passage);
  void start_successors(Passage& passage);
  void give_up(const Passages& all);
  void adopt(const ShelfPtr& shelf, const std::shared_ptr<const plugin::Descriptor>& next);
  void settle(const Passage& passage);
  void end_the_stuck(const std::vector<SlotPtr>& stuck);

  const InstanceFactory factory_;
  Reactor& reactor_;
  TaskThreads& threads_;
  const Log log_;
  const Settings settings_;
  mutable std::mutex mutex_;
  std::condition_variable quiet_;                         // something was given back or disposed of
  std::map<std::string, std::vector<ShelfPtr>> shelves_;  // by plugin id
  std::map<std::string, std::uint64_t> replaced_;
  std::vector<SlotPtr> disposing_;
  std::size_t slot_count_ = 0;  // on all shelves
  bool closing_ = false;
  bool closed_ = false;
};

// What a lease must remember to give itself back.
struct Lease::Home {
  std::shared_ptr<Pool::Core> core;
  Pool::Core::ShelfPtr shelf;
  Pool::Core::SlotPtr slot;
};

}  // namespace mortise::runtime
