#include <cstdlib>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {

namespace {

// {"level", "for"?}; a null level takes the part's own away.
Value change(const Arguments& arguments) {
  Value body = Value::map({{"level", arguments.follow_whole ? Value() : Value(arguments.level)}});
  if (!arguments.part.empty()) body.set("for", arguments.part);
  return body;
}

}  // namespace

int log_level(const Tools& tools) {
  const Arguments& arguments = tools.arguments;
  if (arguments.follow_whole && (arguments.part.empty() || !arguments.level.empty())) {
    throw Error(Code::invalid, "--reset goes with --for NAME and without a level",
                "mortise log-level --for Input.file --reset");
  }
  if (!arguments.part.empty() && arguments.level.empty() && !arguments.follow_whole) {
    throw Error(Code::invalid, "--for needs a level, or --reset", "mortise log-level debug --for " + arguments.part);
  }
  const auto server = require_server(tools);
  const bool changes = !arguments.level.empty() || arguments.follow_whole;
  const Value answer =
      changes ? server->ask({.method = "PUT", .target = "/api/v1/log-level", .body = data::to_json(change(arguments))})
                    .value()
              : server->get("/api/v1/log-level");
  std::string text = text_in(answer, "level") + "\n";
  for (const Member& part : map_in(answer, "levels").members()) {
    text += std::string(part.key()) + ": " + std::string(part.value().as_string()) + "\n";
  }
  print(arguments.json ? json_text(answer) : text);
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
