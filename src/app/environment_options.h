// The settings of environments, and where their things are.
#pragma once

#include "app/house.h"
#include "app/settings.h"
#include "environments/environments.h"

namespace mortise::app {

[[nodiscard]] environments::Options environment_options(const Settings& settings);
[[nodiscard]] environments::Places environment_places(const Places& places, const std::string& data_dir);

}  // namespace mortise::app
