#include "plugin/chain.h"

#include <string_view>
#include <utility>
#include <vector>

namespace mortise::plugin {

Chain Chain::entered(std::uint64_t instance, std::string name) const {
  Chain inner;
  inner.innermost_ = std::make_shared<const Link>(Link{instance, std::move(name), innermost_});
  return inner;
}

bool Chain::contains(std::uint64_t instance) const noexcept {
  for (const Link* link = innermost_.get(); link != nullptr; link = link->outer.get()) {
    if (link->instance == instance) return true;
  }
  return false;
}

std::string Chain::describe() const {
  std::vector<std::string_view> names;
  for (const Link* link = innermost_.get(); link != nullptr; link = link->outer.get()) names.push_back(link->name);
  std::string text;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!text.empty()) text += " -> ";
    text += *name;
  }
  return text;
}

Error Chain::cycle(const std::string& name) const {
  return Error(Code::conflict, "plugin '" + name + "' waits for itself: " + describe() + " -> " + name,
               "call it after the present call returned, or give it `max_instances` above 1 and no shared state")
      .with("plugin", name);
}

}  // namespace mortise::plugin
