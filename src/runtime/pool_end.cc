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
      const std::vector<SlotPtr> slots = shelf->slots;
      for (const SlotPtr& slot : slots) {
        const bool stays = slot->last_used > old || shelf->descriptor->keeps_state;
        if (slot->in_use != 0 || (stays && slot->instance->usable())) continue;
        if (slot->instance->usable()) slot->retired = true;
        take_out(shelf, slot);
      }
    }
    std::erase_if(shelves, [](const ShelfPtr& shelf) {
      return shelf->slots.empty() && shelf->waiters.empty() && shelf->starting == 0;
    });
  }
  const auto next =
      std::clamp<Clock::duration>(settings_.idle / 4, std::chrono::milliseconds(50), std::chrono::seconds(60));
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
