// The guide's marketplace: search, featured, categories, and what people say of a plugin.
#pragma once

#include "dialects/core/surroundings.h"
#include "http/router.h"

namespace mortise::dialects::omniscope {

void add_market_routes(http::Router& router, const Surroundings& host);

}  // namespace mortise::dialects::omniscope
