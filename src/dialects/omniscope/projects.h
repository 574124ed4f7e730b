// New plugin projects, made from the SDK's templates.
#pragma once

#include "dialects/core/surroundings.h"
#include "http/message.h"

namespace mortise::dialects::omniscope {

// {name, language?, author?, description?, category?, tags?, extension_points?} -> {message, name, plugin_path, files}. The project is a folder
// of the server's own folder. Throws Error{invalid} for a name that cannot be used, Error{conflict} when the folder is not empty.
[[nodiscard]] Value create_project(const Surroundings& host, const http::Request& request);

}  // namespace mortise::dialects::omniscope
