// Why one plugin is not found, or does not run: where its folder lies, what its manifest says, whether it was built.
#pragma once

#include <string>

#include "app/house.h"
#include "app/settings.h"
#include "mortise/value.hpp"

namespace mortise::app {

// The same form as doctor.h, one group for each of the three causes. Looks only; starts nothing of the plugin's.
[[nodiscard]] Value examine_plugin(const std::string& folder, const Settings& settings, const Places& places);

}  // namespace mortise::app
