// From an error about a value back to the line where the value was written.
#pragma once

#include "base/config_tree.h"
#include "base/error.h"

namespace mortise::plugin {

// The error with the details file, line and column of the node that its detail `key` names ("steps[2].config.path", seen from
// the top of the tree that `root` belongs to), or of the nearest existing one above it. Unchanged when it has a line already.
[[nodiscard]] Error located(Error error, const Node& root);

}  // namespace mortise::plugin
