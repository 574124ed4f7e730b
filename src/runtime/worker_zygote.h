// From which zygote the worker of a plugin may be forked (runtime/launcher/zygotes.h).
#pragma once

#include <optional>
#include <string>

#include "plugin/descriptor.h"
#include "runtime/launcher/order.h"
#include "runtime/runtime.h"

namespace mortise::runtime {

// Fills in `order.zygote`, or `order.why_no_zygote`. All that a zygote is started with comes from the host alone: it runs with the
// launcher's rights, and one serves every plugin of its language.
void add_zygote(launcher::Order& order, const plugin::Descriptor& descriptor, const RuntimePaths& paths, const RuntimeSettings& settings);

// Nothing: the language has no zygotes, or something of it is missing.
[[nodiscard]] std::optional<launcher::ZygoteWords> zygote_words(const std::string& language, const RuntimePaths& paths);

}  // namespace mortise::runtime
