// Wanted: what a plugin needs of packages of its language, as its author wrote it down.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugin/descriptor.h"

namespace mortise::environments {

// The packages of `dependencies` in the manifest, and for Python those of requirements.txt beside it, each as "name>=1.2,<2"
// (for R "name (>= 1.2)" is "name>=1.2", too); sorted, each once. Throws Error{invalid} with file and text for what is no plain
// requirement: options, addresses and paths would have a say in where code comes from, and that is the operator's.
[[nodiscard]] std::vector<std::string> wanted_packages(const plugin::Descriptor& descriptor);

// "^1.2.3" and "~1.2" and "1.2" as comparisons: ">=1.2.3,<2", ">=1.2,<1.3", "==1.2". Others as they are, with commas.
[[nodiscard]] std::string comparisons(std::string_view range);

}  // namespace mortise::environments
