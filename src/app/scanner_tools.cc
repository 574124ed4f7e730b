#include "app/scanner_tools.h"

#include <algorithm>

#include "os/run_program.h"

namespace mortise::app {
namespace {

// The version of the first of these distributions that this Python has, after its name.
std::string installed(const std::string& python, const std::string& names) {
  const std::string program =
      "import importlib.metadata as known, sys\n"
      "for name in sys.argv[1:]:\n"
      "    try: print(name, known.version(name)); break\n"
      "    except known.PackageNotFoundError: pass\n";
  std::vector<std::string> command{python, "-c", program};
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(' ', begin), names.size());
    command.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  const auto answer = os::run_program({command});
  if (!answer || answer->exit_status != 0) return {};
  return answer->output.substr(0, answer->output.find('\n'));
}

}  // namespace

std::vector<ScannerTool> scanner_tools(const std::string& python) {
  const std::string bandit = installed(python, "bandit"), auditor = installed(python, "pip-audit safety");
  ScannerTool first{"Bandit", !bandit.empty(), bandit, ""}, second{"auditor", !auditor.empty(), auditor, ""};
  if (!first.there) {
    first.found = "not found";
    first.hint = "Mortise's own rules are used instead; to have its findings, too: " + python + " -m pip install bandit";
  }
  if (!second.there) {
    second.found = "neither pip-audit nor safety";
    second.hint = "imported advisories are used instead: mortise advisories import";
  }
  return {first, second};
}

}  // namespace mortise::app
