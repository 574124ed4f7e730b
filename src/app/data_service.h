// The service "Data": platform data for plugins in any language, behind the permissions read_data and write_data.
#pragma once

#include <memory>

#include "http/file_shelf.h"
#include "plugin/grants.h"
#include "plugin/registry.h"
#include "plugin/services.h"

namespace mortise::app {

// All outlive the service. Its methods: list, read {name}, write {name, content}, remove {name}; docs/permissions.md has them.
[[nodiscard]] std::shared_ptr<plugin::Service> make_data_service(http::FileShelf& files, const plugin::Grants& grants,
                                                                 const plugin::Registry& registry);

}  // namespace mortise::app
