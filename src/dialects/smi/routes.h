// The guide's routes: /plugins, /models, /models/{id}/inference, /stats.
#pragma once

#include "dialects/core/surroundings.h"
#include "dialects/smi/registrations.h"
#include "http/router.h"

namespace mortise::dialects::smi {

// All but the router's own outlive the router.
void add_routes(http::Router& router, const Surroundings& host, Registrations& registrations);

}  // namespace mortise::dialects::smi
