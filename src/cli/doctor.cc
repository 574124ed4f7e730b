#include <unistd.h>

#include <cstdlib>

#include "cli/json.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "os/paths.h"

namespace mortise::cli {
namespace {

std::string mark(const std::string& status) {
  if (status == "ok") return toned(Tone::good, "ok     ", STDOUT_FILENO);
  if (status == "problem") return toned(Tone::bad, "problem", STDOUT_FILENO);
  return toned(Tone::warn, "note   ", STDOUT_FILENO);
}

}  // namespace

// The report is a list of groups, each a list of checks {name, status: ok | note | problem, found, hint?}.
int doctor(const Tools& tools) {
  const Value report = tools.arguments.folder.empty()
                           ? tools.maker.examine(tools.options)
                           : tools.maker.examine_plugin(tools.options, os::absolute(tools.arguments.folder));
  const bool healthy = flag_in(report, "healthy");
  if (tools.arguments.json) {
    print(json_text(report));
    return healthy ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  std::string text;
  for (const Value& group : list_in(report, "groups").items()) {
    text += toned(Tone::strong, text_in(group, "name"), STDOUT_FILENO) + "\n";
    for (const Value& check : list_in(group, "checks").items()) {
      const std::string name = text_in(check, "name");
      text += "  " + mark(text_in(check, "status")) + "  " + name +
              std::string(name.size() < 20 ? 20 - name.size() : 1, ' ') + harmless(text_in(check, "found")) + "\n";
      if (const std::string hint = text_in(check, "hint"); !hint.empty()) text += "           " + harmless(hint) + "\n";
    }
  }
  const bool whole = tools.arguments.folder.empty();
  print(text + "\n" +
        (healthy ? whole ? "All that Mortise needs is here.\n" : "Nothing is wrong with it.\n"
         : whole ? "Something that Mortise needs is missing; see the problems above.\n"
                 : "See the problems above.\n"));
  return healthy ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace mortise::cli
