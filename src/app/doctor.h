// What this machine has and lacks for Mortise. Looks only, changes nothing, needs no lock.
//
// The report is {"healthy", "groups": [{"name", "checks": [{"name", "status": "ok" | "note" | "problem", "found", "hint"?}]}]};
// it is healthy when nothing in it is a problem.
#pragma once

#include <string>

#include "app/house.h"
#include "app/settings.h"
#include "mortise/value.hpp"

namespace mortise::app {

[[nodiscard]] Value examine(const std::string& data_dir, const Settings& settings, const Places& places);

}  // namespace mortise::app
