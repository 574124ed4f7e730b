// The end of instances: retired, idle for long, or all at once; and what there is.
#include "runtime/pool_core.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace mortise::runtime {
namespace {

constexpr std::chrono::seconds last_patience{3};  // after the kills at the end of a shutdown

}  // namespace

void Pool::Core::retire(const std::string& plugin_id, const Value* config) {
  const Lock lock(mutex_);
  const auto shelves = shelves_.find(plugin_id);
  if (shelves == shelves_.end()) return;
  for (const ShelfPtr& shelf : shelves->second) {
    if (config != nullptr && !(shelf->config == *config)) continue;
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
      if (shelf->paused) continue;
      const std::vector<SlotPtr> slots = shelf->slots;
      for (const SlotPtr& slot : slots) {
        const bool stays = slot->last_used > old || shelf->descriptor->keeps_state;
        if (slot->in_use != 0 || (stays && slot->instance->usable())) continue;
        if (slot->instance->usable()) slot->retired = true;
        take_out(shelf, slot);
      }
    }
    std::erase_if(shelves, [](const ShelfPtr& shelf) {
      return shelf->slots.empty() && shelf->waiters.empty() && shelf->starting == 0 && !shelf->paused;
    });
  }
  const auto next =
      std::clamp<Clock::duration>(settings_.idle / 4, std::chrono::milliseconds(50), std::chrono::seconds(60));
  reactor_.at(Clock::now() + next, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->trim();
  });
}

// Under the lock, after every call: nothing is looked at while there are few.
void Pool::Core::trim_idle() {
  if (slot_count_ <= settings_.most_idle) return;
  std::vector<std::pair<ShelfPtr, SlotPtr>> idle;
  for (const auto& [id, shelves] : shelves_) {
    for (const ShelfPtr& shelf : shelves) {
      if (shelf->paused) continue;
      for (const SlotPtr& slot : shelf->slots) {
        if (slot->in_use == 0) idle.emplace_back(shelf, slot);
      }
    }
  }
  if (idle.size() <= settings_.most_idle) return;
  const auto oldest = std::min_element(idle.begin(), idle.end(), [](const auto& a, const auto& b) {
    return a.second->last_used < b.second->last_used;
  });
  oldest->second->retired = true;
  take_out(oldest->first, oldest->second);
}

void Pool::Core::shutdown() {
  Lock lock(mutex_);
  if (std::exchange(closing_, true)) {
    quiet_.wait(lock, [&] { return closed_; });
    return;
  }
  for (auto& [id, shelves] : shelves_) {
    for (const ShelfPtr& shelf : shelves) {
      while (!shelf->waiters.empty())
        refuse(shelf, WaiterPtr(shelf->waiters.front()), Error(Code::busy, "the host is shutting down"));
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
    if (!quiet_.wait_for(lock, last_patience, done))
      log_.error("some plugins did not stop", {{"instances", remaining().size()}});
  }
  closed_ = true;
  quiet_.notify_all();
}

// A second cleanup while the first (or a call) is under way makes it end: a worker is killed.
void Pool::Core::end_the_stuck(const std::vector<SlotPtr>& stuck) {
  for (const SlotPtr& slot : stuck) {
    log_.warning("a plugin did not stop in time",
                 {{"plugin", slot->instance->descriptor().id}, {"pid", slot->instance->pid()}});
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
        entry.version = slot->instance->descriptor().version_text;
        entry.generation = slot->generation;
        entry.state = plugin::name_of(slot->instance->state());
        entry.pid = slot->instance->pid();
        entry.in_process = entry.pid == ::getpid();
        entry.leased = slot->in_use > 0;
        entry.age = std::chrono::duration_cast<std::chrono::milliseconds>(now - slot->born);
        entry.leases = slot->leases;
        entry.transport = slot->instance->transport();
        entry.start = slot->instance->start_told();
        all.push_back(std::move(entry));
      }
    }
  }
  return all;
}

std::vector<std::shared_ptr<Instance>> Pool::Core::instances() const {
  std::vector<std::shared_ptr<Instance>> all;
  const Lock lock(mutex_);
  for (const SlotPtr& slot : disposing_) all.push_back(slot->instance);
  for (const auto& [id, shelves] : shelves_) {
    for (const ShelfPtr& shelf : shelves) {
      for (const SlotPtr& slot : shelf->slots) all.push_back(slot->instance);
    }
  }
  return all;
}

std::optional<Pool::Asker> Pool::Core::asker(const Chain& chain) const {
  const std::lock_guard lock(mutex_);
  const auto found = shelves_.find(std::string(chain.innermost()));
  if (found == shelves_.end()) return std::nullopt;
  for (const ShelfPtr& shelf : found->second) {
    for (const SlotPtr& slot : shelf->slots) {
      if (slot->in_use > 0 && chain.contains(slot->instance->serial())) return Asker{shelf->access, slot->instance};
    }
  }
  return std::nullopt;
}

std::size_t Pool::Core::waiting(const std::string& plugin_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = shelves_.find(plugin_id);
  if (found == shelves_.end()) return 0;
  std::size_t count = 0;
  for (const ShelfPtr& shelf : found->second) count += shelf->waiters.size();
  return count;
}

std::uint64_t Pool::Core::replaced(const std::string& plugin_id) const {
  const Lock lock(mutex_);
  const auto found = replaced_.find(plugin_id);
  return found == replaced_.end() ? 0 : found->second;
}

}  // namespace mortise::runtime
