// OmniScope: analysis plugins in Python and R as packages with manifest.json, and the routes under /api/plugins.
//
// The manifest is the native one. What makes a package one of these is its entry file: a class with `execute(self, input_data)` that
// imports nothing of ours, or an R reference class with a method `execute`. Each call gets a fresh object in a fresh process, with
// the guide's limits: half a gigabyte, 300 seconds, 100 processes.
#pragma once

#include "dialects/core/dialect.h"

namespace mortise::dialects {

[[nodiscard]] Guide omniscope_guide();

}  // namespace mortise::dialects
