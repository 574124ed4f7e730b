// Chain: the instances that wait for a call, innermost first. Entering one of them again would wait for itself; it is a
// conflict that names the cycle, not a deadlock. Immutable and cheap to copy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mortise::plugin {

class Chain {
 public:
  Chain() = default;
  [[nodiscard]] Chain entered(std::uint64_t instance, std::string name) const;
  [[nodiscard]] bool contains(std::uint64_t instance) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return innermost_ == nullptr; }
  // Who asks; empty when nobody waits.
  [[nodiscard]] std::string_view innermost() const noexcept {
    return innermost_ == nullptr ? std::string_view() : std::string_view(innermost_->name);
  }
  [[nodiscard]] std::string describe() const;  // "a -> b -> c", outermost first
  // Error{conflict} for entering `name` again: "a -> b -> a".
  [[nodiscard]] Error cycle(const std::string& name) const;

 private:
  struct Link {
    std::uint64_t instance;
    std::string name;
    std::shared_ptr<const Link> outer;
  };
  std::shared_ptr<const Link> innermost_;
};

}  // namespace mortise::plugin
