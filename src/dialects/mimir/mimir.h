// The mimir dialect: plugins in Go with the methods ExecuteStep, GetPluginType, GetPluginName and ValidateConfig, as source, in a
// folder of their own at any of the guide's places (plugins/my_plugin, plugins/input/api).
//
//   GetPluginType, GetPluginName   the id is the name, and Type.name finds it too
//   New...()                       load
//   ValidateConfig                 validate, and again before each step, on the map that the step gets
//   ExecuteStep                    step
//   HealthCheck, GetDependencies   health, what it requires
//
// The folder is read as text (go_package.h); the host builds it with a generated main when it is first used
// (runtime/go_program.h), against sdk/dialects/mimir, which has the packages that the guide imports. The guide's pipeline files
// and its routes /api/v1/pipelines/execute, /api/v1/plugins and /health are the host's own.
#pragma once

#include "dialects/core/dialect.h"

namespace mortise::dialects {

[[nodiscard]] Guide mimir_guide();

}  // namespace mortise::dialects
