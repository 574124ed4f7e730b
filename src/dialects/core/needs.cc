#include "dialects/core/needs.h"

#include <algorithm>

namespace mortise::dialects {
namespace {

bool provides(const plugin::Descriptor& plugin, const plugin::Requirement& need) {
  using Type = plugin::Requirement::Type;
  if (need.type == Type::plugin) return plugin.id == need.name;
  return need.type == Type::capability && std::find(plugin.provides.begin(), plugin.provides.end(), need.name) != plugin.provides.end();
}

void collect(const Descriptors& all, std::size_t which, std::vector<bool>& seen, std::vector<std::size_t>& ordered) {
  for (const plugin::Requirement& need : all[which]->requires_) {
    for (std::size_t other = 0; other < all.size(); ++other) {
      if (seen[other] || !provides(*all[other], need)) continue;
      seen[other] = true;
      collect(all, other, seen, ordered);
      ordered.push_back(other);
    }
  }
}

}  // namespace

std::vector<std::size_t> needed_by(const Descriptors& all, std::size_t which) {
  std::vector<bool> seen(all.size(), false);
  std::vector<std::size_t> ordered;
  seen[which] = true;
  collect(all, which, seen, ordered);
  return ordered;
}

std::vector<std::size_t> providers_first(const Descriptors& all) {
  std::vector<bool> seen(all.size(), false);
  std::vector<std::size_t> ordered;
  for (std::size_t each = 0; each < all.size(); ++each) {
    if (seen[each]) continue;
    seen[each] = true;
    collect(all, each, seen, ordered);
    ordered.push_back(each);
  }
  return ordered;
}

}  // namespace mortise::dialects
