#include <cstdlib>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {

int log_level(const Tools& tools) {
  const auto server = Owner::running(tools.maker, tools.options, &tools.signals);
  if (server == nullptr) {
    throw Error(Code::not_found, "no server runs on " + tools.options.data_dir,
                "start one with `mortise serve`; the level it starts with is logging.level in the configuration");
  }
  const std::string& level = tools.arguments.level;
  const Value answer = level.empty() ? server->get("/api/v1/log-level")
                                     : server
                                           ->ask({.method = "PUT",
                                                  .target = "/api/v1/log-level",
                                                  .body = data::to_json(Value::map({{"level", level}}))})
                                           .value();
  print(tools.arguments.json ? json_text(answer) : text_in(answer, "level") + "\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
