// The words of `mortise kbert`. They speak to the host over its routes, as any client does.
#pragma once

#include "cli/guests.h"

namespace mortise::dialects::kbert {

[[nodiscard]] cli::Guests words();

}  // namespace mortise::dialects::kbert
