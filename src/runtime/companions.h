// Companions: which generation of each other plugin a generation of a plugin belongs with.
//
// Several plugins may go over to their next generation at one instant (Runtime::switch_to), because one needs another. Each
// generation keeps to its own set: those that come are loaded as if the others that come were there already, and what still works on
// a call of the ones that go is answered by the ones that go with it. Only the last sets are kept: a call that outlasts
// `most_sets` such switches meets what is there. Thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "plugin/descriptor.h"

namespace mortise::runtime {

class Companions {
 public:
  using Entry = std::shared_ptr<const plugin::Descriptor>;
  using Set = std::vector<Entry>;
  static constexpr std::size_t most_sets = 32;

  void bind(Set set);
  void release(const Set& set);
  // Every set that the plugin is in: it is uninstalled, or starts anew.
  void forget(std::string_view plugin);
  // The set that this generation of the plugin is in, itself among them; empty for most.
  [[nodiscard]] Set of(const plugin::Descriptor& plugin) const;
  // The one with the id in that set; null when there is none.
  [[nodiscard]] Entry of(const plugin::Descriptor& plugin, std::string_view id) const;

 private:
  mutable std::mutex mutex_;
  std::deque<Set> sets_;  // the latest first
};

}  // namespace mortise::runtime
