// Starting a pipeline: the request as the API wants it, and one run followed to its end.
#pragma once

#include <string>

#include "cli/client.h"
#include "cli/progress.h"
#include "cli/verbs.h"

namespace mortise::cli {

// {"pipeline_file" or "pipeline_name", "name"?, "folder", "context", "trace"}. Files are sent with their absolute path: the
// owner may live in another folder. Throws Error{invalid} for a --set that is not KEY=VALUE, Error{not_found} when what looks
// like a file is none.
[[nodiscard]] Value run_request(const Arguments& arguments);

// {"KEY": VALUE} of a repeatable option; values are read as JSON, else as text. Throws Error{invalid} for one without '='.
[[nodiscard]] Value map_of_settings(const std::string& option, const std::vector<std::string>& settings);

enum class WithContext { yes, no };

// Starts the run, shows its progress, cancels it on SIGINT and SIGTERM (a second one ends this process), and returns the API's
// answer {"success", "data": {...}}.
[[nodiscard]] Value run_and_follow(const Client& client, const Value& request, WithContext context, Progress& progress);

// Throws the error of a run that did not succeed.
void require_success(const Value& answer);

}  // namespace mortise::cli
