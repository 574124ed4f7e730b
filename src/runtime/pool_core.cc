// Acquiring: who gets which instance, who waits, and who starts a new one.
#include "runtime/pool_core.h"

#include <algorithm>
#include <future>
#include <tuple>
#include <utility>

namespace mortise::runtime {
namespace {

Error closing_error() { return Error(Code::busy, "the host is shutting down: no new calls"); }

}  // namespace

// ---- under the lock --------------------------------------------------------------------------------------------------

Pool::Core::ShelfPtr Pool::Core::shelf_of(const std::shared_ptr<const plugin::Descriptor>& descriptor,
                                          const Value& config, const std::shared_ptr<const Access>& access) {
  std::vector<ShelfPtr>& shelves = shelves_[descriptor->id];
  for (const ShelfPtr& shelf : shelves) {
    if (!shelf->holds(*descriptor, config, access.get())) continue;
    if (shelf->descriptor->generation < descriptor->generation && !shelf->paused) adopt(shelf, descriptor);
    return shelf;
  }
  auto shelf = std::make_shared<Shelf>(descriptor, config, access);
  shelves.push_back(shelf);
  return shelf;
}

// Of the plugin's idle instances with another access those go that nobody used for longest, as far as there are too many.
void Pool::Core::make_room(const Shelf& growing) {
  const std::vector<ShelfPtr>& shelves = shelves_[growing.id];
  const std::size_t most = std::max<std::size_t>(growing.descriptor->max_instances, 1);
  while (true) {
    std::size_t count = 0;
    ShelfPtr home;
    SlotPtr oldest;
    for (const ShelfPtr& shelf : shelves) {
      count += shelf->slots.size() + shelf->starting;
      if (shelf.get() == &growing || shelf->config != growing.config) continue;
      for (const SlotPtr& slot : shelf->slots) {
        if (slot->in_use == 0 && (oldest == nullptr || slot->last_used < oldest->last_used)) std::tie(home, oldest) = std::tie(shelf, slot);
      }
    }
    if (count < most || oldest == nullptr) return;
    if (oldest->instance->usable()) oldest->retired = true;
    take_out(home, oldest);
  }
}

Lease Pool::Core::lease(const ShelfPtr& shelf, SlotPtr slot) {
  std::shared_ptr<Instance> instance = slot->instance;
  return {std::move(instance), std::make_unique<Lease::Home>(Lease::Home{shared_from_this(), shelf, std::move(slot)})};
}

// Takes the slot. The one used last comes first: its memory is warm, and the others may grow old.
Pool::Core::SlotPtr Pool::Core::idle_slot(Shelf& shelf) {
  SlotPtr best;
  if (shelf.paused) return best;
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
Pool::Core::WaiterPtr Pool::Core::join(const ShelfPtr& shelf, const Chain& chain) {
  const auto waits_for_us = [&](const SlotPtr& slot) { return chain.contains(slot->instance->serial()); };
  if (!shelf->slots.empty() && shelf->starting == 0 &&
      std::all_of(shelf->slots.begin(), shelf->slots.end(), waits_for_us)) {
    throw chain.cycle(shelf->id);
  }
  auto waiter = std::make_shared<Waiter>();
  shelf->waiters.push_back(waiter);
  return waiter;
}

void Pool::Core::take_out(const ShelfPtr& shelf, const SlotPtr& slot) {
  const auto found = std::find(shelf->slots.begin(), shelf->slots.end(), slot);
  if (found == shelf->slots.end()) return;
  shelf->slots.erase(found);
  --slot_count_;
  if (!slot->retired && !shelf->per_call() && !slot->instance->usable()) ++replaced_[shelf->id];
  dispose(slot);
}

// Stop and cleanup, elsewhere: they may take long.
void Pool::Core::dispose(SlotPtr slot) {
  disposing_.push_back(slot);
  threads_.run([self = shared_from_this(), slot = std::move(slot)] {
    slot->instance->cleanup();
    if (self->settings_.ended) self->settings_.ended(*slot->instance);
    const std::lock_guard lock(self->mutex_);
    std::erase(self->disposing_, slot);
    self->quiet_.notify_all();
  });
}

// Gives what is free to those who came first.
void Pool::Core::serve(const ShelfPtr& shelf) {
  if (shelf->paused) return;
  for (std::size_t i = shelf->slots.size(); i-- > 0;) {  // the dead make room
    const SlotPtr slot = shelf->slots[i];
    if (slot->in_use == 0 && !slot->instance->usable()) take_out(shelf, slot);
  }
  while (!shelf->waiters.empty()) {
    const WaiterPtr waiter = shelf->waiters.front();
    if ((waiter->slot = shelf->per_call() ? nullptr : idle_slot(*shelf)) != nullptr) {
      waiter->decision = Waiter::Decision::lease;
    } else if (shelf->may_grow()) {
      make_room(*shelf);
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
      start_elsewhere(shelf, waiter->deadline, waiter->cancel, std::move(ready));
    } else {
      reactor_.post([self = shared_from_this(), shelf, slot = std::move(waiter->slot),
                     ready = std::move(ready)]() mutable { ready(self->lease(shelf, std::move(slot)), std::nullopt); });
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

Pool::Core::SlotPtr Pool::Core::make(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                                     const std::shared_ptr<const Access>& access) {
  MadeInstance made = factory_(descriptor, config, access);
  try {
    if (made.instance->state() != plugin::State::running) {
      made.instance->initialize();
      made.instance->start();
    }
  } catch (...) {
    made.instance->cleanup();
    if (settings_.ended) settings_.ended(*made.instance);
    throw;
  }
  auto slot = std::make_shared<Slot>();
  slot->instance = std::move(made.instance);
  slot->capacity = std::max(made.capacity, 1U);
  slot->generation = descriptor->generation;
  return slot;
}

// Without the lock; the right to start was taken before.
Lease Pool::Core::start_instance(const ShelfPtr& shelf) {
  std::shared_ptr<const plugin::Descriptor> descriptor;
  {
    const Lock lock(mutex_);
    descriptor = shelf->descriptor;
  }
  SlotPtr slot;
  try {
    slot = make(descriptor, shelf->config, shelf->access);
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
  slot->retired = closing_ || slot->generation != shelf->descriptor->generation;
  shelf->slots.push_back(slot);
  ++slot_count_;
  if (slot->capacity > 1) serve(shelf);
  quiet_.notify_all();
  return lease(shelf, std::move(slot));
}

// Whoever asked for it can go at its deadline, however long the plugin takes.
void Pool::Core::start_elsewhere(const ShelfPtr& shelf, std::optional<Clock::time_point> deadline,
                                 const CancelToken& cancel, Ready ready) {
  auto starter = std::make_shared<Starter>();
  starter->ready = std::move(ready);
  watch_start(starter, deadline, cancel, shelf->id);
  threads_.run([self = shared_from_this(), shelf, starter] {
    Lease started;
    std::optional<Error> error;
    try {
      started = self->start_instance(shelf);
    } catch (const Error& why) {
      error = why;
    } catch (const std::exception& why) {
      error = Error(Code::internal, std::string("cannot start plugin '") + shelf->id + "': " + why.what());
    }
    self->settle_start(starter, std::move(started), std::move(error));
    if (self->settings_.after_start) self->settings_.after_start();
  });
}

// Set up on the reactor's thread, where settle_start() takes it down: one after the other.
void Pool::Core::watch_start(const std::shared_ptr<Starter>& starter, std::optional<Clock::time_point> deadline,
                             const CancelToken& cancel, const std::string& plugin) {
  reactor_.post([self = shared_from_this(), starter, deadline, cancel, plugin] {
    {
      const std::lock_guard lock(starter->mutex);
      if (starter->ready == nullptr) return;
    }
    if (deadline) {
      starter->timer = self->reactor_.at(*deadline, [self, starter, plugin] {
        self->settle_start(starter, {},
                           Error(Code::timeout, "plugin '" + plugin + "' was still starting at the deadline",
                                 "allow more time, or let it do less in load and initialize"));
      });
    }
    starter->registration = cancel.on_cancel([self, starter, plugin] {
      self->settle_start(starter, {}, Error(Code::cancelled, "cancelled while plugin '" + plugin + "' was starting"));
    });
  });
}

void Pool::Core::settle_start(const std::shared_ptr<Starter>& starter, Lease lease, std::optional<Error> error) {
  Ready ready;
  {
    const std::lock_guard lock(starter->mutex);
    ready = std::exchange(starter->ready, nullptr);
  }
  if (ready == nullptr) return;  // too late: the lease goes back
  reactor_.post([this, self = shared_from_this(), starter] {
    if (starter->timer != 0) reactor_.forget(starter->timer);
    starter->registration = {};
  });
  ready(std::move(lease), std::move(error));
}

Lease Pool::Core::start_and_wait(const ShelfPtr& shelf, std::optional<Clock::time_point> deadline,
                                 const CancelToken& cancel) {
  const auto result = std::make_shared<std::promise<std::pair<Lease, std::optional<Error>>>>();
  start_elsewhere(shelf, deadline, cancel, [result](Lease lease, std::optional<Error> error) {
    result->set_value({std::move(lease), std::move(error)});
  });
  auto [lease, error] = result->get_future().get();
  if (error) throw Error(*error);
  return std::move(lease);
}

// ---- acquiring -------------------------------------------------------------------------------------------------------

Lease Pool::Core::acquire(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                          std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain,
                          const std::shared_ptr<const Access>& access) {
  Lock lock(mutex_);
  if (closing_) throw closing_error();
  const ShelfPtr shelf = shelf_of(descriptor, config, access);
  if (!shelf->per_call() && shelf->waiters.empty()) {
    if (SlotPtr slot = idle_slot(*shelf)) return lease(shelf, std::move(slot));
  }
  serve(shelf);
  if (shelf->waiters.empty() && shelf->may_grow()) {
    make_room(*shelf);
    ++shelf->starting;
    lock.unlock();
    return start_and_wait(shelf, deadline, cancel);
  }
  const WaiterPtr waiter = join(shelf, chain);
  lock.unlock();
  const auto registration = cancel.on_cancel([this, shelf, waiter, &cancel] {
    const Lock inner(mutex_);
    refuse(shelf, waiter,
           Error(Code::cancelled,
                 "cancelled while waiting for an instance of '" + shelf->id + "': " + cancel.reason()));
  });
  lock.lock();
  const auto decided = [&] { return waiter->decision != Waiter::Decision::none; };
  if (!deadline) {
    waiter->decided.wait(lock, decided);
  } else if (!waiter->decided.wait_until(lock, *deadline, decided)) {
    refuse(shelf, waiter,
           Error(Code::timeout,
                 "all " + std::to_string(shelf->slots.size() + shelf->starting) + " instances of '" + descriptor->id +
                     "' were busy until the deadline",
                 "raise max_instances, or allow more time"));
  }
  Lease given;
  if (waiter->decision == Waiter::Decision::lease) given = lease(shelf, std::move(waiter->slot));
  const bool start = waiter->decision == Waiter::Decision::start;
  const std::optional<Error> error = waiter->error;
  lock.unlock();  // before the registration goes, which may wait for an action that waits for the lock
  if (start) return start_and_wait(shelf, deadline, cancel);
  if (error) throw Error(*error);
  return given;
}

void Pool::Core::acquire_later(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& config,
                               std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain,
                               Ready ready, const std::shared_ptr<const Access>& access) {
  WaiterPtr waiter;
  ShelfPtr shelf;
  Lease now;
  std::optional<Error> error;
  {
    const Lock lock(mutex_);
    try {
      if (closing_) throw closing_error();
      shelf = shelf_of(descriptor, config, access);
      SlotPtr slot;
      if (!shelf->per_call() && shelf->waiters.empty() && (slot = idle_slot(*shelf)) != nullptr) {
        now = lease(shelf, std::move(slot));
      } else {
        waiter = join(shelf, chain);
        waiter->ready = std::move(ready);
        waiter->deadline = deadline;
        waiter->cancel = cancel;
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
        watch(Error(Code::timeout, "all instances of '" + id + "' were busy until the deadline",
                    "raise max_instances, or allow more time"));
      });
    }
    waiter->registration = cancel.on_cancel(
        [watch, id] { watch(Error(Code::cancelled, "cancelled while waiting for an instance of '" + id + "'")); });
  });
}

void Pool::Core::give_back(const ShelfPtr& shelf, const SlotPtr& slot) noexcept {
  const Lock lock(mutex_);
  --slot->in_use;
  slot->last_used = Clock::now();
  if (slot->in_use == 0 && (slot->retired || shelf->per_call() || !slot->instance->usable())) take_out(shelf, slot);
  if (!shelf->waiters.empty()) serve(shelf);
  if (closing_ || shelf->paused) quiet_.notify_all();
  trim_idle();
}

}  // namespace mortise::runtime
