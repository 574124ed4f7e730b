// SBOM: the bill of materials of a package, in CycloneDX 1.6 (JSON): its files with their digests, the language packages and plugins that
// it declares to need, who made it and under which licence. It depends on nothing but the package: the same files give the same bill.
#pragma once

#include <string>

#include "package/contents.h"
#include "plugin/descriptor.h"

namespace mortise::package {

// `version` is that of this program, for the bill's `tools`.
[[nodiscard]] Value sbom_of(const Contents& contents, const plugin::Descriptor& plugin, const std::string& version);

}  // namespace mortise::package
