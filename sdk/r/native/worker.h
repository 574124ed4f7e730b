// The one conversation of this process with its host, as the functions that R calls need it. R calls them without a context, so
// it is kept here.
#pragma once

#include "arrivals.h"
#include "data/buffer.h"
#include "mortise/worker.h"

namespace mortise::r {

struct Conversation {
  mortise_worker* worker = nullptr;  // null: no host (tests)
  const mortise_call* call = nullptr;
  Arrivals arrivals;
  bool interrupted = false;  // R was told to stop the open call
};

[[nodiscard]] Conversation& conversation();

// Adds to what the open call's answer reports as copied.
void count_copied(std::size_t bytes) noexcept;

// Memory for a result: of the host's when it is long and a call is open, so that it need not be copied again. Throws
// Error{busy} when there is none.
[[nodiscard]] data::Block memory_for(std::size_t size);

}  // namespace mortise::r
