#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/progress.h"
#include "cli/run_request.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {
namespace {

int dry_run(const Tools& tools, const Value& request) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer =
      owner.client()
          .ask({.method = "POST", .target = "/api/v1/pipelines/validate", .body = data::to_json(request)})
          .value();
  if (tools.arguments.json) print(json_text(answer));
  const Value& findings = list_in(answer, "findings");
  if (flag_in(answer, "valid")) {
    if (!tools.arguments.json) {
      print(harmless(text_in(answer, "name")) + ": all " + std::to_string(integer_in(answer, "steps")) +
            " steps are valid; nothing was run\n");
    }
    return EXIT_SUCCESS;
  }
  int status = EXIT_FAILURE;
  for (const Value& finding : findings.items()) {
    const Error error = error_from(finding);
    complain(error_text(error, STDERR_FILENO));
    if (status == EXIT_FAILURE) status = meaning(error.code()).exit_status;
  }
  return status;
}

int detach(const Tools& tools, const Value& request) {
  const auto server = Owner::running(tools.maker, tools.options, &tools.signals);
  if (server == nullptr) {
    throw Error(Code::not_found, "no server runs on " + tools.options.data_dir + " that could go on with the run",
                "start one with `mortise serve`, or run without --detach");
  }
  const Value answer =
      server->ask({.method = "POST", .target = "/api/v1/pipelines/execute?wait=false", .body = data::to_json(request)})
          .value();
  print(tools.arguments.json ? json_text(answer) : text_in(map_in(answer, "data"), "run_id") + "\n");
  return EXIT_SUCCESS;
}

std::string summary(const Value& answer) {
  const Value& data = map_in(answer, "data");
  return toned(Tone::good, "succeeded", STDOUT_FILENO) + " in " + duration_text(number_in(data, "elapsed_ms") / 1000) +
         "  " + toned(Tone::faint, text_in(data, "run_id"), STDOUT_FILENO) + "\n";
}

}  // namespace

int run(const Tools& tools) {
  const Value request = run_request(tools.arguments);
  if (tools.arguments.dry_run) return dry_run(tools, request);
  if (tools.arguments.detach) return detach(tools, request);
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  Progress progress(Progress::style_for(tools.arguments.json && !is_terminal(STDERR_FILENO)),
                    tools.arguments.trace ? Progress::Detail::trace : Progress::Detail::normal);
  const Value answer =
      run_and_follow(owner.client(), request, tools.arguments.json ? WithContext::yes : WithContext::no, progress);
  if (tools.arguments.json) {
    print(json_text(answer));
    return flag_in(map_in(answer, "data"), "success")
               ? EXIT_SUCCESS
               : meaning(error_from(map_in(map_in(answer, "data"), "failure")).code()).exit_status;
  }
  require_success(answer);
  print(summary(answer));
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
