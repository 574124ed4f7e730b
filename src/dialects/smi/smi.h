// The Standard Model Interface: model plugins as shared objects (mlos/smi_spec.h), as flat exports of a Go library, and as Python
// classes; a registry of plugins and of models over HTTP.
//
// A plugin is one process that stays, because it holds its models; calls come one at a time unless its registration says
// `concurrency`. Its models are the host's (src/models): what this dialect adds is how they are asked for.
#pragma once

#include "dialects/core/dialect.h"

namespace mortise::dialects {

[[nodiscard]] Guide smi_guide();

}  // namespace mortise::dialects
