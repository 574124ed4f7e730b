// The life of packages in the guide's words: install, enable, disable, update, rollback, uninstall.
#pragma once

#include "dialects/core/surroundings.h"
#include "http/router.h"

namespace mortise::dialects::omniscope {

void add_life_routes(http::Router& router, const Surroundings& host);

}  // namespace mortise::dialects::omniscope
