// What a dead letter keeps of a step that failed: what its plugin was given. Internal to this room.
#pragma once

#include <vector>

#include "jobs/pipelines/recorder.h"
#include "jobs/pipelines/run.h"
#include "store/dead_letters.h"

namespace mortise::jobs {

// One letter for each step that made the run fail; one for the run when there is none. Locked by the caller.
[[nodiscard]] std::vector<store::DeadLetterRow> letters_of(const Pipelines::Run& run, const Recorder& recorder);

// A value small enough to be kept and looked at: of long lists, maps and tables the first 20 rows, of long texts the first
// 1000 bytes, bytes and tensors by their size only. What was left out is said.
[[nodiscard]] Value glimpse_of(const Value& value);

}  // namespace mortise::jobs
