// One lock guards all shelves: what happens under it takes well below a microsecond, and nothing of an instance is called
// there but usable() and serial().
#include "runtime/pool.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <unistd.h>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "runtime/instance.h"
#include "runtime/reactor.h"
#include "runtime/task_threads.h"

namespace mortise::runtime {
namespace {

constexpr std::chrono::seconds last_patience{3};  // after the kills at the end of a shutdown

// One instance and who uses it.
struct Slot {
  std::shared_ptr<Instance> instance;
  std::uint32_t capacity = 1;
  std::uint32_t in_use = 0;
  std::uint64_t leases = 0;
  Clock::time_point born = Clock::now();
  Clock::time_point last_used = born;
  bool retired = false;
};

// One who waits for an instance. Decided once: by an instance, by the right to start one, or by an error.
struct Waiter {
  enum class Decision { none, lease, start, refused };
  Decision decision = Decision::none;
  std::shared_ptr<Slot> slot;
  std::optional<Error> error;
  std::condition_variable decided;  // of one who blocks
  Pool::Ready ready;                 // of one who does not
  CancelToken::Registration registration;
  Reactor::Id timer = 0;
};

// All instances of one plugin in one version with one configuration.
struct Shelf {
  std::shared_ptr<const plugin::Descriptor> descriptor;
  Value config;
  std::vector<std::shared_ptr<Slot>> slots;
  std::uint32_t starting = 0;
  std::deque<std::shared_ptr<Waiter>> waiters;

  [[nodiscard]] bool holds(const plugin::Descriptor& other, const Value& other_config) const {
    return descriptor->version_text == other.version_text && descriptor->folder == other.folder &&
           descriptor->entry == other.entry && config == other_config;
  }
  [[nodiscard]] bool per_call() const { return descriptor->lifetime == plugin::Lifetime::per_call; }
  [[nodiscard]] bool may_grow() const {
    return slots.size() + starting < std::max<std::size_t>(descriptor->max_instances, 1);
  }
};

Error closing_error() { return Error(Code::busy, "the host is shutting down: no new calls"); }

}  // namespace

// What a lease must remember to give itself back.
struct Lease::Home {
  std::shared_ptr<Pool::Core> core;
  std::shared_ptr<Shelf> shelf;
  std::shared_ptr<Slot> slot;
};

class Pool::Core : public std::enable_shared_from_this<Pool::Core> {
 public:
  Core(InstanceFactory factory, Reactor& reactor, TaskThreads& threads, const Log& log, Settings settings)
      : factory_(std::move(factory)), reactor_(reactor), threads_(threads), log_(log), settings_(settings) {}

  Lease acquire(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain);
  void acquire_later(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                     std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain, Ready ready);
  void give_back(const std::shared_ptr<Shelf>& shelf, const std::shared_ptr<Slot>& slot) noexcept;
  void retire(const std::string& plugin_id);
  void shutdown();
  void trim();
  std::vector<Entry> entries() const;
  std::uint64_t replaced(const std::string& plugin_id) const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using ShelfPtr = std::shared_ptr<Shelf>;
  using SlotPtr = std::shared_ptr<Slot>;
  using WaiterPtr = std::shared_ptr<Waiter>;

  ShelfPtr shelf_of(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config);
  SlotPtr idle_slot(Shelf& shelf);
  WaiterPtr join(const ShelfPtr& shelf, const Chain& chain);
  void decide(const WaiterPtr& waiter);
  void serve(const ShelfPtr& shelf);
  void refuse(const ShelfPtr& shelf, const WaiterPtr& waiter, Error error);
  void take_out(const ShelfPtr& shelf, const SlotPtr& slot);
  void dispose(SlotPtr slot);
  Lease lease(const ShelfPtr& shelf, SlotPtr slot);
  Lease start_instance(const ShelfPtr& shelf);
  void start_elsewhere(const ShelfPtr& shelf, Ready ready);
  std::shared_ptr<Instance> make(const Shelf& shelf, std::uint32_t& capacity);
  void end_the_stuck(const std::vector<SlotPtr>& stuck);

  const InstanceFactory factory_;
  Reactor& reactor_;
  TaskThreads& threads_;
  const Log log_;
  const Settings settings_;
  mutable std::mutex mutex_;
  std::condition_variable quiet_;  // something was given back or disposed of
  std::map<std::string, std::vector<ShelfPtr>> shelves_;  // by plugin id
  std::map<std::string, std::uint64_t> replaced_;
  std::vector<SlotPtr> disposing_;
  bool closing_ = false;
  bool closed_ = false;
};

// ---- leases ----------------------------------------------------------------------------------------------------------

Lease::Lease() noexcept = default;
Lease::Lease(Lease&&) noexcept = default;
Lease::Lease(std::shared_ptr<Instance> instance, std::unique_ptr<Home> home) noexcept
    : instance_(std::move(instance)), home_(std::move(home)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    give_back();
    instance_ = std::move(other.instance_);
    home_ = std::move(other.home_);
  }
  return *this;
}

Lease::~Lease() { give_back(); }

void Lease::give_back() noexcept {
  instance_.reset();
  if (const auto home = std::move(home_)) home->core->give_back(home->shelf, home->slot);
}

Lease Pool::Core::lease(const ShelfPtr& shelf, SlotPtr slot) {
  std::shared_ptr<Instance> instance = slot->instance;
  return {std::move(instance), std::make_unique<Lease::Home>(Lease::Home{shared_from_this(), shelf, std::move(slot)})};
}

// ---- under the lock --------------------------------------------------------------------------------------------------

std::shared_ptr<Shelf> Pool::Core::shelf_of(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config) {
  std::vector<ShelfPtr>& shelves = shelves_[descriptor->id];
  for (const ShelfPtr& shelf : shelves) {
    if (shelf->holds(*descriptor, config)) return shelf;
  }
  auto shelf = std::make_shared<Shelf>();
  shelf->descriptor = descriptor;
  shelf->config = config;
  shelves.push_back(shelf);
  return shelf;
}

// Takes the slot. The one used last comes first: its memory is warm, and the others may grow old.
std::shared_ptr<Slot> Pool::Core::idle_slot(Shelf& shelf) {
  SlotPtr best;
  for (const SlotPtr& slot : shelf.slots) {
    if (slot->in_use >= slot->capacity || slot->retired || !slot->instance->usable()) continue;
    if (best == nullptr || slot->last_used > best->last_used) best = slot;
  }
  if (best != nullptr) {
    ++best->in_use;
    ++best->leases;
  }
  return best;
}

// A place in the line. When all the instances it could wait for wait for it, that is an error instead.
std::shared_ptr<Waiter> Pool::Core::join(const ShelfPtr& shelf, const Chain& chain) {
  const auto waits_for_us = [&](const SlotPtr& slot) { return chain.contains(slot->instance->serial()); };
  if (!shelf->slots.empty() && shelf->starting == 0 && std::all_of(shelf->slots.begin(), shelf->slots.end(), waits_for_us)) {
    throw chain.cycle(shelf->descriptor->id);
  }
  auto waiter = std::make_shared<Waiter>();
  shelf->waiters.push_back(waiter);
  return waiter;
}

void Pool::Core::take_out(const ShelfPtr& shelf, const SlotPtr& slot) {
  const auto found = std::find(shelf->slots.begin(), shelf->slots.end(), slot);
  if (found == shelf->slots.end()) return;
  shelf->slots.erase(found);
  if (!slot->retired && !shelf->per_call() && !slot->instance->usable()) ++replaced_[shelf->descriptor->id];
  dispose(slot);
}

// Stop and cleanup, elsewhere: they may take long.
void Pool::Core::dispose(SlotPtr slot) {
  disposing_.push_back(slot);
  threads_.run([self = shared_from_this(), slot = std::move(slot)] {
    slot->instance->cleanup();
    const std::lock_guard lock(self->mutex_);
    std::erase(self->disposing_, slot);
    self->quiet_.notify_all();
  });
}

// Gives what is free to those who came first.
void Pool::Core::serve(const ShelfPtr& shelf) {
  for (std::size_t i = shelf->slots.size(); i-- > 0;) {  // the dead make room
    const SlotPtr slot = shelf->slots[i];
    if (slot->in_use == 0 && !slot->instance->usable()) take_out(shelf, slot);
  }
  while (!shelf->waiters.empty()) {
    const WaiterPtr waiter = shelf->waiters.front();
    if ((waiter->slot = shelf->per_call() ? nullptr : idle_slot(*shelf)) != nullptr) {
      waiter->decision = Waiter::Decision::lease;
    } else if (shelf->may_grow()) {
      ++shelf->starting;
      waiter->decision = Waiter::Decision::start;
    } else {
      return;
    }
    shelf->waiters.pop_front();
    decide(waiter);
    if (waiter->ready == nullptr) continue;
    Ready ready = std::move(waiter->ready);
    if (waiter->decision == Waiter::Decision::start) {
      start_elsewhere(shelf, std::move(ready));
    } else {
      reactor_.post([self = shared_from_this(), shelf, slot = std::move(waiter->slot), ready = std::move(ready)]() mutable {
        ready(self->lease(shelf, std::move(slot)), std::nullopt);
      });
    }
  }
}

void Pool::Core::refuse(const ShelfPtr& shelf, const WaiterPtr& waiter, Error error) {
  const auto found = std::find(shelf->waiters.begin(), shelf->waiters.end(), waiter);
  if (found == shelf->waiters.end()) return;  // decided already
  shelf->waiters.erase(found);
  waiter->decision = Waiter::Decision::refused;
  waiter->error = std::move(error);
  decide(waiter);
  if (waiter->ready == nullptr) return;
  reactor_.post([ready = std::move(waiter->ready), why = *waiter->error] { ready(Lease(), why); });
}

void Pool::Core::decide(const WaiterPtr& waiter) {
  waiter->decided.notify_all();
  if (waiter->timer == 0 && waiter->ready == nullptr) return;
  // Not here: forgetting a cancel action may wait for it, and the action waits for our lock.
  reactor_.post([this, self = shared_from_this(), waiter] {
    if (waiter->timer != 0) reactor_.forget(waiter->timer);
    waiter->registration = {};
  });
}

// ---- starting --------------------------------------------------------------------------------------------------------

std::shared_ptr<Instance> Pool::Core::make(const Shelf& shelf, std::uint32_t& capacity) {
  MadeInstance made = factory_(shelf.descriptor, shelf.config);
  try {
    if (made.instance->state() != plugin::State::running) {
      made.instance->initialize();
      made.instance->start();
    }
  } catch (...) {
    made.instance->cleanup();
    throw;
  }
  capacity = std::max(made.capacity, 1U);
  return made.instance;
}

// Without the lock; the right to start was taken before.
Lease Pool::Core::start_instance(const ShelfPtr& shelf) {
  auto slot = std::make_shared<Slot>();
  try {
    slot->instance = make(*shelf, slot->capacity);
  } catch (...) {
    const Lock lock(mutex_);
    --shelf->starting;
    serve(shelf);
    quiet_.notify_all();
    throw;
  }
  const Lock lock(mutex_);
  --shelf->starting;
  slot->in_use = 1;
  slot->leases = 1;
  slot->retired = closing_;
  shelf->slots.push_back(slot);
  if (slot->capacity > 1) serve(shelf);
  quiet_.notify_all();
  return lease(shelf, std::move(slot));
}

void Pool::Core::start_elsewhere(const ShelfPtr& shelf, Ready ready) {
  threads_.run([self = shared_from_this(), shelf, ready = std::move(ready)] {
    Lease started;
    std::optional<Error> error;
    try {
      started = self->start_instance(shelf);
    } catch (const Error& why) {
      error = why;
    } catch (const std::exception& why) {
      error = Error(Code::internal, std::string("cannot start plugin '") + shelf->descriptor->id + "': " + why.what());
    }
    ready(std::move(started), std::move(error));
  });
}

// ---- acquiring -------------------------------------------------------------------------------------------------------

Lease Pool::Core::acquire(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                          std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain) {
  Lock lock(mutex_);
  if (closing_) throw closing_error();
  const ShelfPtr shelf = shelf_of(descriptor, config);
  if (!shelf->per_call() && shelf->waiters.empty()) {
    if (SlotPtr slot = idle_slot(*shelf)) return lease(shelf, std::move(slot));
  }
  serve(shelf);
  if (shelf->waiters.empty() && shelf->may_grow()) {
    ++shelf->starting;
    lock.unlock();
    return start_instance(shelf);
  }
  const WaiterPtr waiter = join(shelf, chain);
  lock.unlock();
  const auto registration = cancel.on_cancel([this, shelf, waiter, &cancel] {
    const Lock inner(mutex_);
    refuse(shelf, waiter, Error(Code::cancelled, "cancelled while waiting for an instance of '" + shelf->descriptor->id + "': " + cancel.reason()));
  });
  lock.lock();
  const auto decided = [&] { return waiter->decision != Waiter::Decision::none; };
  if (!deadline) {
    waiter->decided.wait(lock, decided);
  } else if (!waiter->decided.wait_until(lock, *deadline, decided)) {
    refuse(shelf, waiter, Error(Code::timeout, "all " + std::to_string(shelf->slots.size() + shelf->starting) + " instances of '" + descriptor->id +
                                                   "' were busy until the deadline",
                                "raise max_instances, or allow more time"));
  }
  Lease given;
  if (waiter->decision == Waiter::Decision::lease) given = lease(shelf, std::move(waiter->slot));
  const bool start = waiter->decision == Waiter::Decision::start;
  const std::optional<Error> error = waiter->error;
  lock.unlock();  // before the registration goes, which may wait for an action that waits for the lock
  if (start) return start_instance(shelf);
  if (error) throw Error(*error);
  return given;
}

void Pool::Core::acquire_later(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                               std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain,
                               Ready ready) {
  WaiterPtr waiter;
  ShelfPtr shelf;
  Lease now;
  std::optional<Error> error;
  {
    const Lock lock(mutex_);
    try {
      if (closing_) throw closing_error();
      shelf = shelf_of(descriptor, config);
      SlotPtr slot;
      if (!shelf->per_call() && shelf->waiters.empty() && (slot = idle_slot(*shelf)) != nullptr) {
        now = lease(shelf, std::move(slot));
      } else {
        waiter = join(shelf, chain);
        waiter->ready = std::move(ready);
        serve(shelf);
      }
    } catch (const Error& why) {
      error = why;
    }
  }
  if (waiter == nullptr) return ready(std::move(now), std::move(error));
  auto watch = [weak = weak_from_this(), shelf, waiter](const Error& why) {
    const auto self = weak.lock();
    if (self == nullptr) return;
    const Lock lock(self->mutex_);
    self->refuse(shelf, waiter, why);
  };
  // Set up on the reactor's thread, where decide() takes it down: one after the other.
  reactor_.post([self = shared_from_this(), waiter, deadline, cancel, watch = std::move(watch), id = descriptor->id] {
    {
      const Lock lock(self->mutex_);
      if (waiter->decision != Waiter::Decision::none) return;
    }
    if (deadline) {
      waiter->timer = self->reactor_.at(*deadline, [watch, id] {
        watch(Error(Code::timeout, "all instances of '" + id + "' were busy until the deadline", "raise max_instances, or allow more time"));
      });
    }
    waiter->registration = cancel.on_cancel(
        [watch, id] { watch(Error(Code::cancelled, "cancelled while waiting for an instance of '" + id + "'")); });
  });
}

void Pool::Core::give_back(const std::shared_ptr<Shelf>& shelf, const std::shared_ptr<Slot>& slot) noexcept {
  const Lock lock(mutex_);
  --slot->in_use;
  slot->last_used = Clock::now();
  if (slot->in_use == 0 && (slot->retired || shelf->per_call() || !slot->instance->usable())) take_out(shelf, slot);
  if (!shelf->waiters.empty()) serve(shelf);
  if (closing_) quiet_.notify_all();
}

// ---- the end of instances ----------------------------------------------------------------------------------------------

void Pool::Core::retire(const std::string& plugin_id) {
  const Lock lock(mutex_);
  const auto shelves = shelves_.find(plugin_id);
  if (shelves == shelves_.end()) return;
  for (const ShelfPtr& shelf : shelves->second) {
    const std::vector<SlotPtr> slots = shelf->slots;
    for (const SlotPtr& slot : slots) {
      slot->retired = true;
      if (slot->in_use == 0) take_out(shelf, slot);
    }
    serve(shelf);
  }
}

void Pool::Core::trim() {
  const Lock lock(mutex_);
  if (closing_) return;
  const auto old = Clock::now() - settings_.idle;
  for (auto& [id, shelves] : shelves_) {
    for (const ShelfPtr& shelf : shelves) {
      const std::vector<SlotPtr> slots = shelf->slots;
      for (const SlotPtr& slot : slots) {
        if (slot->in_use != 0 || (slot->last_used > old && slot->instance->usable())) continue;
        if (slot->instance->usable()) slot->retired = true;
        take_out(shelf, slot);
      }
    }
    std::erase_if(shelves, [](const ShelfPtr& shelf) { return shelf->slots.empty() && shelf->waiters.empty() && shelf->starting == 0; });
  }
  const auto next = std::clamp<Clock::duration>(settings_.idle / 4, std::chrono::milliseconds(50), std::chrono::seconds(60));
  reactor_.at(Clock::now() + next, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->trim();
  });
}

void Pool::Core::shutdown() {
  Lock lock(mutex_);
  if (std::exchange(closing_, true)) {
    quiet_.wait(lock, [&] { return closed_; });
    return;
  }
  for (auto& [id, shelves] : shelves_) {
    for (const ShelfPtr& shelf : shelves) {
      while (!shelf->waiters.empty()) refuse(shelf, WaiterPtr(shelf->waiters.front()), closing_error());
      const std::vector<SlotPtr> slots = shelf->slots;
      for (const SlotPtr& slot : slots) {
        slot->retired = true;
        if (slot->in_use == 0) take_out(shelf, slot);
      }
    }
  }
  const auto remaining = [&] {
    std::vector<SlotPtr> left = disposing_;
    for (const auto& [id, shelves] : shelves_) {
      for (const ShelfPtr& shelf : shelves) left.insert(left.end(), shelf->slots.begin(), shelf->slots.end());
    }
    return left;
  };
  const auto starting = [&] {
    for (const auto& [id, shelves] : shelves_) {
      for (const ShelfPtr& shelf : shelves) {
        if (shelf->starting != 0) return true;
      }
    }
    return false;
  };
  const auto done = [&] { return !starting() && remaining().empty(); };
  if (!quiet_.wait_for(lock, settings_.shutdown_bound, done)) {
    end_the_stuck(remaining());
    if (!quiet_.wait_for(lock, last_patience, done)) log_.error("some plugins did not stop", {{"instances", remaining().size()}});
  }
  closed_ = true;
  quiet_.notify_all();
}

// A second cleanup while the first (or a call) is under way makes it end: a worker is killed.
void Pool::Core::end_the_stuck(const std::vector<SlotPtr>& stuck) {
  for (const SlotPtr& slot : stuck) {
    log_.warning("a plugin did not stop in time", {{"plugin", slot->instance->descriptor().id}, {"pid", slot->instance->pid()}});
    threads_.run([self = shared_from_this(), slot] {
      slot->instance->cleanup();
      const std::lock_guard lock(self->mutex_);
      self->quiet_.notify_all();
    });
  }
}

std::vector<Pool::Entry> Pool::Core::entries() const {
  std::vector<Entry> all;
  const Lock lock(mutex_);
  const auto now = Clock::now();
  for (const auto& [id, shelves] : shelves_) {
    for (const ShelfPtr& shelf : shelves) {
      for (const SlotPtr& slot : shelf->slots) {
        Entry entry;
        entry.plugin = id;
        entry.version = shelf->descriptor->version_text;
        entry.state = plugin::name_of(slot->instance->state());
        entry.pid = slot->instance->pid();
        entry.in_process = entry.pid == ::getpid();
        entry.leased = slot->in_use > 0;
        entry.age = std::chrono::duration_cast<std::chrono::milliseconds>(now - slot->born);
        entry.leases = slot->leases;
        all.push_back(std::move(entry));
      }
    }
  }
  return all;
}

std::uint64_t Pool::Core::replaced(const std::string& plugin_id) const {
  const Lock lock(mutex_);
  const auto found = replaced_.find(plugin_id);
  return found == replaced_.end() ? 0 : found->second;
}

// ---- the door ----------------------------------------------------------------------------------------------------------

Pool::Pool(InstanceFactory factory, Reactor& reactor, TaskThreads& threads, const Log& log, Settings settings)
    : core_(std::make_shared<Core>(std::move(factory), reactor, threads, log, settings)) {
  core_->trim();
}

Pool::~Pool() { shutdown(); }

Lease Pool::acquire(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& plugin_config,
                    std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain) {
  return core_->acquire(descriptor, plugin_config, deadline, cancel, chain);
}

void Pool::acquire_later(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& plugin_config,
                         std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain, Ready ready) {
  core_->acquire_later(descriptor, plugin_config, deadline, cancel, chain, std::move(ready));
}

void Pool::retire(const std::string& plugin_id) { core_->retire(plugin_id); }
void Pool::shutdown() { core_->shutdown(); }
std::vector<Pool::Entry> Pool::entries() const { return core_->entries(); }
std::uint64_t Pool::replaced(const std::string& plugin_id) const { return core_->replaced(plugin_id); }

}  // namespace mortise::runtime
