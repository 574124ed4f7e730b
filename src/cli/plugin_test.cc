#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/json.h"
#include "cli/junit.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::cli {
namespace {

std::string mark(const std::string& outcome) {
  if (outcome == "passed") return toned(Tone::good, "passed ", STDOUT_FILENO);
  if (outcome == "failed") return toned(Tone::bad, "FAILED ", STDOUT_FILENO);
  return toned(Tone::faint, "skipped", STDOUT_FILENO);
}

// Every line behind a margin, without what would steer a terminal.
std::string indented(const std::string& text) {
  std::string made;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    made += "           " + harmless(std::string_view(text).substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return made;
}

std::string line_of(const Value& one) {
  const std::string outcome = text_in(one, "outcome"), message = text_in(one, "message");
  std::string text = mark(outcome) + "  " + harmless(text_in(one, "suite")) + ": " + harmless(text_in(one, "name")) + " (" +
                     duration_text(number_in(one, "seconds")) + ")";
  if (outcome == "skipped") return text + ": " + harmless(message) + "\n";
  if (outcome == "passed") return text + "\n";
  return text + "\n" + indented(message) + indented(text_in(one, "output"));
}

}  // namespace

int test_plugin(const Tools& tools) {
  const ProjectArguments& given = tools.arguments.project;
  PluginTest wanted;
  wanted.folder = os::absolute(given.tested);
  wanted.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(given.timeout * 1000));
  wanted.DANGEROUSLY_unconfined = given.unconfined;
  wanted.signals = &tools.signals;
  wanted.cancelled = [&tools] { return tools.signals.take().has_value(); };
  if (!tools.arguments.json) wanted.watch = [](const Value& one) { print(line_of(one)); };
  const std::string junit = given.junit.empty() ? std::string() : os::absolute(given.junit);
  const Value result = tools.maker.test_plugin(tools.options, wanted);
  if (!junit.empty()) os::write_file(junit, junit_text(result), 0644);
  const std::int64_t failed = integer_in(result, "failed");
  print(tools.arguments.json ? json_text(result)
                             : "\n" + std::to_string(integer_in(result, "passed")) + " passed, " + std::to_string(failed) + " failed, " +
                                   std::to_string(integer_in(result, "skipped")) + " skipped in " +
                                   duration_text(number_in(result, "seconds")) + "\n");
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace mortise::cli
