// The switch from one generation of plugins to the next (pool.h, switch_to).
#include "runtime/pool_core.h"

#include <algorithm>
#include <utility>

namespace mortise::runtime {

// Whatever happens: the shelves that were paused work again.
struct Pool::Core::AsBefore {
  Core& core;
  const Passages& all;
  ~AsBefore() {
    const Lock lock(core.mutex_);
    for (const Passage& passage : all) {
      for (const ShelfPtr& shelf : passage.shelves) {
        shelf->paused = false;
        core.serve(shelf);
      }
    }
  }
};

void Pool::Core::switch_to(const Generations& next, Clock::time_point deadline, const std::function<void()>& commit) {
  for (const auto& one : next) try_out(one);
  Passages all;
  const AsBefore as_before{*this, all};
  {
    Lock lock(mutex_);
    all = passages(next);
    if (std::any_of(all.begin(), all.end(), [](const Passage& one) { return one.exclusive; })) pause(lock, all, deadline);
  }
  try {
    for (auto one = all.rbegin(); one != all.rend(); ++one) stop_present(*one);
    for (Passage& one : all) start_successors(one);
    commit();
  } catch (...) {
    give_up(all);
    throw;
  }
  const Lock lock(mutex_);
  for (const Passage& one : all) settle(one);
}

// Under the lock.
Pool::Core::Passages Pool::Core::passages(const Generations& next) {
  if (closing_) throw Error(Code::busy, "the host is shutting down: no plugin is changed");
  Passages all;
  for (const auto& one : next) {
    const Shelves& shelves = shelves_[one->id];
    const bool exclusive = std::any_of(shelves.begin(), shelves.end(), [](const ShelfPtr& shelf) { return shelf->exclusive(); });
    all.push_back({one, shelves, exclusive, {}, {}});
  }
  return all;
}

// It loads at all: what does not is found while the present one still works.
void Pool::Core::try_out(const std::shared_ptr<const plugin::Descriptor>& next) {
  const MadeInstance made = factory_(next, Value(), nullptr);
  made.instance->cleanup();
  if (settings_.ended) settings_.ended(*made.instance);
}

// Those who need others come last among them, and are quiet first: until then the others answer them.
void Pool::Core::pause(Lock& lock, const Passages& all, Clock::time_point deadline) {
  for (auto one = all.rbegin(); one != all.rend(); ++one) {
    for (const ShelfPtr& shelf : one->shelves) shelf->paused = true;
    wait_until_quiet(lock, *one, deadline);
  }
}

// Under the lock: until no call runs and nothing starts.
void Pool::Core::wait_until_quiet(Lock& lock, const Passage& passage, Clock::time_point deadline) {
  const auto quiet = [&] {
    return std::all_of(passage.shelves.begin(), passage.shelves.end(), [](const ShelfPtr& shelf) {
      return shelf->starting == 0 &&
             std::all_of(shelf->slots.begin(), shelf->slots.end(), [](const SlotPtr& slot) { return slot->in_use == 0; });
    });
  };
  if (quiet_.wait_until(lock, deadline, quiet)) return;
  throw Error(Code::busy, "plugin '" + passage.next->id + "' still works on a call; it stays as it is", "try again later")
      .with("plugin", passage.next->id);
}

void Pool::Core::stop_present(Passage& passage) {
  if (!passage.exclusive) return;
  {
    const Lock lock(mutex_);
    for (const ShelfPtr& shelf : passage.shelves) passage.stopped.insert(passage.stopped.end(), shelf->slots.begin(), shelf->slots.end());
  }
  for (const SlotPtr& slot : passage.stopped) {
    try {
      slot->instance->stop();
    } catch (const Error& error) {
      log_.failure("a plugin did not stop well", error, {{"plugin", passage.next->id}});
    }
  }
}

// One for each configuration in use, so that no call has to wait for a start.
void Pool::Core::start_successors(Passage& passage) {
  Shelves in_use;
  {
    const Lock lock(mutex_);
    for (const ShelfPtr& shelf : passage.shelves) {
      if (!shelf->slots.empty() || !shelf->waiters.empty()) in_use.push_back(shelf);
    }
  }
  for (const ShelfPtr& shelf : in_use) passage.successors.push_back({shelf, make(passage.next, shelf->config, shelf->access)});
}

void Pool::Core::give_up(const Passages& all) {
  for (const Passage& passage : all) {
    for (const Successor& one : passage.successors) one.slot->instance->cleanup();
  }
  for (const Passage& passage : all) {
    for (const SlotPtr& slot : passage.stopped) {
      try {
        if (slot->instance->state() == plugin::State::stopped) slot->instance->start();
      } catch (const Error& error) {
        log_.failure("a plugin did not start again", error, {{"plugin", passage.next->id}});
        slot->instance->cleanup();  // the next call starts another one
      }
    }
  }
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

// Under the lock.
void Pool::Core::settle(const Passage& passage) {
  const Shelves& present = shelves_[passage.next->id];
  for (const ShelfPtr& shelf : present) {
    if (shelf->descriptor->generation < passage.next->generation) adopt(shelf, passage.next);
  }
  for (const Successor& one : passage.successors) {
    const ShelfPtr& shelf = one.shelf;
    if (closing_ || shelf->per_call() || std::find(present.begin(), present.end(), shelf) == present.end()) {
      one.slot->retired = true;
      dispose(one.slot);
      continue;
    }
    shelf->slots.push_back(one.slot);
    ++slot_count_;
  }
  for (const ShelfPtr& shelf : passage.shelves) serve(shelf);
}

}  // namespace mortise::runtime
