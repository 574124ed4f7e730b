// Starting a pipeline over the API: from the body of a request to a RunRequest, and from a RunResult to the answer.
#pragma once

#include <chrono>

#include "http/api.h"
#include "http/message.h"
#include "jobs/core/events.h"

namespace mortise::http {

// The body is {"pipeline_id" | "pipeline_name" | "pipeline_file" | "pipeline", "folder"?, "context"?, "trace"?}; a file that
// holds several takes "pipeline_name" beside it. Throws Error that names the key.
//
// Who asks over loopback without being the operator may run what the operator has put into the configured folders or the
// server's own one, or a pipeline of their own making, which then sees nothing of the server's environment.
[[nodiscard]] jobs::RunRequest read_run_request(const Api& api, const Request& request);

struct StartedRun {
  jobs::Pipelines::Handle handle;
  std::string id;
  std::chrono::steady_clock::time_point began;
};
[[nodiscard]] StartedRun start_run(const Api& api, jobs::RunRequest request);

// Waits for the end: {"success": true, "data": {success, error, context, executed_at, run_id, state, elapsed_ms, steps,
// failure?}}. `failure` is the error as a body; `error` its text, or null.
// The context may be large; who does not want it gets null in its place.
enum class AnswerContext { whole, left_out };
[[nodiscard]] Value finished_answer(const Api& api, const StartedRun& run, AnswerContext context);
// {"success": true, "data": {"run_id", "state": "running"}}
[[nodiscard]] Value accepted_answer(const StartedRun& run);

// The events of a run that may have been started this very moment. Never null.
[[nodiscard]] std::unique_ptr<jobs::EventHub::Watch> watch_run(const Api& api, const std::string& run,
                                                               std::uint64_t after);

}  // namespace mortise::http
