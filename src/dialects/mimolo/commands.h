// The words of `mortise mimolo`: register, monitor, test. They speak to the host over its routes, as any client does.
#pragma once

#include "cli/guests.h"

namespace mortise::dialects::mimolo {

[[nodiscard]] cli::Guests words();

}  // namespace mortise::dialects::mimolo
