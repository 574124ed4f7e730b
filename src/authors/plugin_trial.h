// What `mortise plugin test` does: a copy of the plugin's folder is built, its own tests run in it, and then a host of its own loads the
// plugin and runs its examples. The folder itself is only read.
#pragma once

#include "app/house.h"
#include "cli/host.h"
#include "mortise/value.hpp"

namespace mortise::authors {

// As cli::HostMaker::test_plugin tells.
[[nodiscard]] Value try_plugin(const app::Places& places, const std::vector<dialects::Guide>& guides, app::Configuration configuration, const cli::PluginTest& wanted);

}  // namespace mortise::authors
