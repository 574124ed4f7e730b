// Who holds workers to their limits, as a group of doctor's report (doctor.h).
#pragma once

#include "mortise/value.hpp"
#include "runtime/worker_groups.h"

namespace mortise::app {

// Of the host that runs, which alone knows: asking the kernel means to make a control group.
void add_limits(Value& report, const runtime::LimitKeepers& keepers);

}  // namespace mortise::app
