// Dependencies: what a plugin needs, one by one, and whether it is there; and what an update would change.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "plugin/descriptor.h"

namespace mortise::plugin {
class Registry;
}

namespace mortise::package {

struct Dependency {
  plugin::Requirement requirement;
  bool resolved = false;
  std::string found;    // the version that is there
  std::string message;  // what is there, or what is lacking
};

struct Dependencies {
  std::vector<Dependency> all;

  [[nodiscard]] std::size_t unresolved() const;
  [[nodiscard]] std::string unresolved_names() const;  // "base (needs ^2.0, 1.0.0 is there), numpy"
  // {"plugin_id", "plugin_name", "total_dependencies", "resolved", "unresolved", "details": [{"name", "version", "type", "resolved",
  // "installed_version", "message"}]}
  [[nodiscard]] Value to_value(const std::string& plugin) const;
};

// `lacking`: packages of its language that cannot be had, and why.
[[nodiscard]] Dependencies look_at_dependencies(const plugin::Descriptor& plugin, const plugin::Registry& registry,
                                                const std::map<std::string, std::string>& lacking);

// What differs between two versions of a plugin.
struct Change {
  std::vector<std::string> permissions_added, permissions_removed;
  std::vector<std::string> dependencies_added, dependencies_removed;  // "base ^2.0"
  bool breaking = false;                                             // another major version (of 0.x: another minor one)

  // {"permissions": {"added", "removed"}, "dependencies": {"added", "removed"}, "breaking"}
  [[nodiscard]] Value to_value() const;
};
[[nodiscard]] Change change_between(const plugin::Descriptor& before, const plugin::Descriptor& after);

[[nodiscard]] std::string_view name_of(plugin::Requirement::Type type) noexcept;

}  // namespace mortise::package
