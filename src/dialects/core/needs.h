// Needs: the order in which plugins of one project come up: those that provide before those that need.
#pragma once

#include <cstddef>
#include <vector>

#include "plugin/descriptor.h"

namespace mortise::dialects {

using Descriptors = std::vector<const plugin::Descriptor*>;

// The places in `all` of what one of them needs, and of what those need, providers first, each once, itself never. Where two need each
// other, the one that is asked about comes last.
[[nodiscard]] std::vector<std::size_t> needed_by(const Descriptors& all, std::size_t which);

// All of them, providers first, else as they are.
[[nodiscard]] std::vector<std::size_t> providers_first(const Descriptors& all);

}  // namespace mortise::dialects
