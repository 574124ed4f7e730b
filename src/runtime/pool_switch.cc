// The switch from one generation of a plugin to the next (pool.h, switch_to).
#include "runtime/pool_core.h"

#include <algorithm>
#include <utility>

namespace mortise::runtime {

// Whatever happens: the shelves that were paused work again.
struct Pool::Core::AsBefore {
  Core& core;
  const Shelves& shelves;
  ~AsBefore() {
    const Lock lock(core.mutex_);
    for (const ShelfPtr& shelf : shelves) {
      shelf->paused = false;
      core.serve(shelf);
    }
  }
};

void Pool::Core::switch_to(const std::shared_ptr<const plugin::Descriptor>& next, Clock::time_point deadline,
                           const std::function<void()>& commit) {
  try_out(next);
  Lock lock(mutex_);
  if (closing_) throw Error(Code::busy, "the host is shutting down: no plugin is changed");
  const Shelves shelves = shelves_[next->id];
  const bool exclusive = std::any_of(shelves.begin(), shelves.end(), [](const ShelfPtr& s) { return s->exclusive(); });
  std::vector<SlotPtr> stopped;
  const AsBefore as_before{*this, shelves};  // after the lock in the order of ends: it takes it
  if (exclusive) {
    for (const ShelfPtr& shelf : shelves) shelf->paused = true;
    try {
      wait_until_quiet(lock, shelves, deadline);
    } catch (...) {
      lock.unlock();
      throw;
    }
  }
  lock.unlock();
  if (exclusive) stopped = stop_present(shelves);
  std::vector<Successor> successors;
  try {
    successors = start_successors(shelves, next);
    commit();
  } catch (...) {
    for (const Successor& one : successors) one.slot->instance->cleanup();
    start_again(stopped);
    throw;
  }
  settle(shelves, std::move(successors), next);
}

// Under the lock: until no call runs and nothing starts.
void Pool::Core::wait_until_quiet(Lock& lock, const Shelves& shelves, Clock::time_point deadline) {
  const auto quiet = [&] {
    return std::all_of(shelves.begin(), shelves.end(), [](const ShelfPtr& shelf) {
      return shelf->starting == 0 &&
             std::all_of(shelf->slots.begin(), shelf->slots.end(), [](const SlotPtr& slot) { return slot->in_use == 0; });
    });
  };
  if (quiet_.wait_until(lock, deadline, quiet)) return;
  throw Error(Code::busy, "plugin '" + shelves.front()->id + "' still works on a call; it stays as it is", "try again later")
      .with("plugin", shelves.front()->id);
}

// It loads at all: what does not is found while the present one still works.
void Pool::Core::try_out(const std::shared_ptr<const plugin::Descriptor>& next) {
  const MadeInstance made = factory_(next, Value(), nullptr);
  made.instance->cleanup();
  if (settings_.ended) settings_.ended(*made.instance);
}

std::vector<Pool::Core::SlotPtr> Pool::Core::stop_present(const Shelves& shelves) {
  std::vector<SlotPtr> stopped;
  {
    const Lock lock(mutex_);
    for (const ShelfPtr& shelf : shelves) stopped.insert(stopped.end(), shelf->slots.begin(), shelf->slots.end());
  }
  for (const SlotPtr& slot : stopped) {
    try {
      slot->instance->stop();
    } catch (const Error& error) {
      log_.failure("a plugin did not stop well", error, {{"plugin", slot->instance->descriptor().id}});
    }
  }
  return stopped;
}

void Pool::Core::start_again(const std::vector<SlotPtr>& stopped) {
  for (const SlotPtr& slot : stopped) {
    try {
      if (slot->instance->state() == plugin::State::stopped) slot->instance->start();
    } catch (const Error& error) {
      log_.failure("a plugin did not start again", error, {{"plugin", slot->instance->descriptor().id}});
      slot->instance->cleanup();  // the next call starts another one
    }
  }
}

// One for each configuration in use, so that no call has to wait for a start.
std::vector<Pool::Core::Successor> Pool::Core::start_successors(const Shelves& shelves,
                                                                const std::shared_ptr<const plugin::Descriptor>& next) {
  std::vector<ShelfPtr> in_use;
  {
    const Lock lock(mutex_);
    for (const ShelfPtr& shelf : shelves) {
      if (!shelf->slots.empty() || !shelf->waiters.empty()) in_use.push_back(shelf);
    }
  }
  std::vector<Successor> successors;
  try {
    for (const ShelfPtr& shelf : in_use) successors.push_back({shelf, make(next, shelf->config, shelf->access)});
  } catch (...) {
    for (const Successor& one : successors) one.slot->instance->cleanup();
    throw;
  }
  return successors;
}

// Under the lock. The present instances go, at once or with their calls.
void Pool::Core::adopt(const ShelfPtr& shelf, const std::shared_ptr<const plugin::Descriptor>& next) {
  shelf->descriptor = next;
  const std::vector<SlotPtr> slots = shelf->slots;
  for (const SlotPtr& slot : slots) {
    if (slot->generation == next->generation) continue;
    slot->retired = true;
    if (slot->in_use == 0) take_out(shelf, slot);
  }
}

void Pool::Core::settle(const Shelves& shelves, std::vector<Successor> successors,
                        const std::shared_ptr<const plugin::Descriptor>& next) {
  const Lock lock(mutex_);
  const Shelves& present = shelves_[next->id];
  for (const ShelfPtr& shelf : present) {
    if (shelf->descriptor->generation < next->generation) adopt(shelf, next);
  }
  for (const Successor& one : successors) {
    const ShelfPtr& shelf = one.shelf;
    if (closing_ || shelf->per_call() || std::find(present.begin(), present.end(), shelf) == present.end()) {
      one.slot->retired = true;
      dispose(one.slot);
      continue;
    }
    shelf->slots.push_back(one.slot);
    ++slot_count_;
  }
  for (const ShelfPtr& shelf : shelves) serve(shelf);
}

}  // namespace mortise::runtime
