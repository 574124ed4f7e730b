// The routes about the packages that plugins need.
#pragma once

#include "environments/environments.h"
#include "http/router.h"
#include "plugin/registry.h"

namespace mortise::app {

// All must outlive the router.
void add_environment_routes(http::Router& router, environments::Environments& environments, const plugin::Registry& registry);

}  // namespace mortise::app
