// What the parts of the Installer share: its errors and its records. Internal to this room.
#pragma once

#include <string>
#include <vector>

#include "package/installer.h"

namespace mortise::package {

[[nodiscard]] Error not_enabled(const std::string& plugin);
[[nodiscard]] Error no_such_plugin(const std::string& name);
[[nodiscard]] Error unresolved(const std::string& plugin, const Dependencies& dependencies);
[[nodiscard]] store::PackageEvent event_of(const Order& order, const std::string& plugin, const char* action, const std::string& from,
                                           const std::string& to);
[[nodiscard]] std::string json_of(const Value& value);

void require_not_installed(const std::optional<Listed>& there);
// Of an update (forward) or a rollback.
void require_direction(const store::InstallRow& row, const Version& target, bool forward);

// As the operator wants it called: its other names change with it where they end in the old one, and are left out where not.
[[nodiscard]] plugin::Descriptor renamed(plugin::Descriptor plugin, const std::string& name);

}  // namespace mortise::package
