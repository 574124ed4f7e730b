// What the guide's lists and pages say of plugins.
#pragma once

#include "dialects/core/surroundings.h"
#include "dialects/omniscope/executions.h"
#include "http/message.h"
#include "plugin/registry.h"

namespace mortise::dialects::omniscope {

[[nodiscard]] Value plugin_list(const Surroundings& host, const Executions& executions, const http::Request& request);
[[nodiscard]] Value plugin_details(const Surroundings& host, const plugin::Descriptor& plugin, const Executions& executions);
// By id or another name, also one that is not enabled. Null when there is none.
[[nodiscard]] plugin::Registry::Entry known_plugin(const Surroundings& host, const std::string& id);
[[nodiscard]] Value point_list();

}  // namespace mortise::dialects::omniscope
