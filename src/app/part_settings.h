// The settings, as each part of the house wants them. What is read anew by a reload is asked for again.
#pragma once

#include <string>

#include "app/house.h"
#include "app/settings.h"
#include "plugin/shared_cache.h"

namespace mortise::environments {
class Environments;
}
namespace mortise::http {
struct ServerOptions;
class Tokens;
}  // namespace mortise::http
namespace mortise::jobs {
struct RetentionPolicy;
}
namespace mortise::package {
class Depot;
struct Policy;
}  // namespace mortise::package
namespace mortise::plugin {
class Grants;
}
namespace mortise::runtime {
struct RuntimePaths;
struct RuntimeSettings;
}  // namespace mortise::runtime

namespace mortise::app {

[[nodiscard]] runtime::RuntimePaths runtime_paths(const Places& places, const std::string& data_dir);
// Asks grants, depot and environments for as long as the runtime lives.
[[nodiscard]] runtime::RuntimeSettings runtime_settings(const Settings& settings, const HouseOptions& options,
                                                        const plugin::Grants& grants, const package::Depot& depot,
                                                        environments::Environments& environments);
[[nodiscard]] jobs::RetentionPolicy retention_policy(const Settings& settings);
// Asks tokens for as long as the server lives.
[[nodiscard]] http::ServerOptions server_options(const std::string& data_dir, const Settings& settings,
                                                 cli::HostOptions::Ports ports, http::Tokens& tokens);
[[nodiscard]] plugin::SharedCache::Limits cache_limits(const Settings& settings);
[[nodiscard]] package::Policy package_policy(const Settings& settings);

}  // namespace mortise::app
