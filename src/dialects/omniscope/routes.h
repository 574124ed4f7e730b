// The guide's routes under /api/plugins. Errors are {"detail": ...}, as the guide's clients know them.
#pragma once

#include "dialects/core/surroundings.h"
#include "dialects/omniscope/executions.h"
#include "http/router.h"

namespace mortise::dialects::omniscope {

void add_routes(http::Router& router, const Surroundings& host, Executions& executions);

}  // namespace mortise::dialects::omniscope
