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

}  // namespace mortise::package
