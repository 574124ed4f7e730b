// What the run log and the checkpoints know of a run, as the engine wants it. Internal to this room.
#pragma once

#include <vector>

#include "jobs/core/checkpoints.h"
#include "jobs/core/run_log.h"
#include "jobs/pipelines/run.h"

namespace mortise::jobs {

// A step that was interrupted this often in one round is given up: it may be what kills the host.
constexpr std::uint32_t most_interruptions = 25;

// The plan of a run is its request as a Value: the pipeline by its text, with ${NAME} as written.
[[nodiscard]] Value plan_of(const RunRequest& request);
// Throws Error when the text cannot be read any more: a variable of the environment is gone.
[[nodiscard]] RunRequest request_of_plan(const Value& plan, const EnvironmentLookup& environment);

// Fills steps and context of a run in from its records: what has ended has ended, the rest is pending. Throws Error when the
// outputs of a finished step are not there (any more), or damaged.
void restore(Pipelines::Run& run, const RunRecord& record, const std::vector<StepRecord>& steps,
             const Checkpoints& checkpoints);
// Makes everything pending that has not succeeded, and steps that ask about failures. Gives their indices.
[[nodiscard]] std::vector<std::uint32_t> reopen(Pipelines::Run& run);
// For a new run: the results of `record` that it takes over when it begins with the step `from`, prepared for
// RunLog::begin; steps and context of `run` are filled in. Throws Error{not_found} for a step that there is not.
[[nodiscard]] std::vector<ReusedStep> reuse(Pipelines::Run& run, const RunRecord& record, const std::string& from,
                                            const std::vector<StepRecord>& records, const Checkpoints& checkpoints);

}  // namespace mortise::jobs
