#include "runtime/companions.h"

#include <algorithm>

namespace mortise::runtime {
namespace {

bool is_same(const plugin::Descriptor& one, const plugin::Descriptor& other) {
  return one.id == other.id && one.generation == other.generation && one.folder == other.folder;
}

}  // namespace

void Companions::bind(Set set) {
  if (set.size() < 2) return;
  const std::lock_guard lock(mutex_);
  sets_.push_front(std::move(set));
  if (sets_.size() > most_sets) sets_.pop_back();
}

void Companions::release(const Set& set) {
  const std::lock_guard lock(mutex_);
  std::erase(sets_, set);
}

void Companions::forget(std::string_view plugin) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sets_, [&](const Set& set) { return std::any_of(set.begin(), set.end(), [&](const Entry& one) { return one->id == plugin; }); });
}

Companions::Set Companions::of(const plugin::Descriptor& plugin) const {
  const std::lock_guard lock(mutex_);
  for (const Set& set : sets_) {
    if (std::any_of(set.begin(), set.end(), [&](const Entry& one) { return is_same(*one, plugin); })) return set;
  }
  return {};
}

Companions::Entry Companions::of(const plugin::Descriptor& plugin, std::string_view id) const {
  const Set set = of(plugin);
  const auto found = std::find_if(set.begin(), set.end(), [&](const Entry& one) { return one->id == id; });
  return found == set.end() ? nullptr : *found;
}

}  // namespace mortise::runtime
