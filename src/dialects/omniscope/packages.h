// Packages: recognises the guide's packages and describes them.
#pragma once

#include <string>

#include "dialects/core/surroundings.h"
#include "plugin/detector.h"

namespace mortise::dialects::omniscope {

// Whether this text of an entry file is the guide's way of writing and not ours.
[[nodiscard]] bool is_guides_python(std::string_view text);
[[nodiscard]] bool is_guides_r(std::string_view text);

// The package, when it is one of the guide's; what is wrong with a manifest is left to those who read all manifests.
[[nodiscard]] plugin::Finding look(const plugin::Shelf& shelf, const Surroundings& host);

}  // namespace mortise::dialects::omniscope
