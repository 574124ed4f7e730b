// What the guide's lists and pages say of plugins.
#pragma once

#include "dialects/core/surroundings.h"
#include "dialects/omniscope/executions.h"
#include "http/message.h"

namespace mortise::dialects::omniscope {

[[nodiscard]] Value plugin_list(const Surroundings& host, const Executions& executions, const http::Request& request);
[[nodiscard]] Value plugin_details(const plugin::Descriptor& plugin, const Executions& executions);
[[nodiscard]] Value point_list();

}  // namespace mortise::dialects::omniscope
