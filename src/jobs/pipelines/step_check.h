// Checking one step before anything runs: the plugin exists and can be a step, the configuration fits its schema, relative
// paths become absolute, and the plugin itself accepts it. Internal to this room.
#pragma once

#include <string>

#include "jobs/pipelines/pipelines.h"
#include "jobs/pipelines/step_call.h"
#include "plugin/registry.h"

namespace mortise::jobs {

struct CheckedStep {
  plugin::Registry::Entry descriptor;
  StepStyle style = StepStyle::step;
  Value config;  // with the defaults of the schema and of the plugin
};

// Throws Error: not_found with the plugin's name, "configuration validation failed for plugin X: ..." with the key, expected and
// got. Slow: it may start a worker. `call` is what the plugin's own check travels in: host, cancel and memory are set.
[[nodiscard]] CheckedStep check_step(const Step& step, const std::string& folder, const Pipelines::Parts& parts,
                                     runtime::Call call);

// How long one attempt of the step may take.
[[nodiscard]] std::chrono::milliseconds timeout_of(const Step& step, const plugin::Descriptor& descriptor,
                                                   const Pipelines::Parts& parts);

// Relative texts in parameters of type path become absolute, at any depth.
[[nodiscard]] Value absolute_paths(Value config, const plugin::ConfigSchema& schema, const std::string& folder);

}  // namespace mortise::jobs
