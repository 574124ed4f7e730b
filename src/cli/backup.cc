#include <cstdlib>

#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"
#include "os/paths.h"

namespace mortise::cli {

int backup(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value body = Value::map({{"file", os::absolute(tools.arguments.file)}});
  const Value made =
      owner.client().ask({.method = "POST", .target = "/api/v1/backup", .body = data::to_json(body)}).value();
  print(tools.arguments.json
            ? json_text(made)
            : text_in(made, "file") + ": " + count_text(integer_in(made, "files")) + " files, " +
                  count_text(integer_in(made, "bytes")) + " bytes\nsha256 " + text_in(made, "sha256") + "\n");
  return EXIT_SUCCESS;
}

int restore(const Tools& tools) {
  const Value done = tools.maker.restore(tools.options, os::absolute(tools.arguments.file));
  const std::string kept = text_in(done, "kept");
  print(tools.arguments.json
            ? json_text(done)
            : "restored " + count_text(integer_in(done, "files")) + " files into " + tools.options.data_dir +
                  (kept.empty() ? "" : "; what was there is in " + kept) + "\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
