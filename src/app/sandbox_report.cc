#include "app/sandbox_report.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "os/run_program.h"

namespace mortise::app {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> replacements{{
    {"private-root", "Landlock holds workers to the paths of their policy"},
    {"own-processes", "Landlock keeps workers from signalling and reading other processes; they see their names"},
    {"own-network", "the filter of system calls denies sockets"},
    {"own-ipc", "the filter of system calls denies System V and POSIX queues and memory"},
    {"own-names", "workers see the machine's name"},
    {"own-user", "workers are the host's user, without its rights and inside their own root"},
    {"landlock-files", "the private root shows no other paths"},
    {"landlock-network", "workers have a network of their own, and the filter denies sockets"},
    {"landlock-scopes", "workers have processes and a network of their own"},
    {"control-groups", "rlimits bound single processes"},
}};

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream text(line);
  for (std::string field; std::getline(text, field, '\t');) fields.push_back(field);
  fields.resize(4);
  return fields;
}

}  // namespace

std::string_view LayerReport::instead() const noexcept {
  const auto found = std::find_if(replacements.begin(), replacements.end(), [&](const auto& one) { return one.first == name; });
  return found == replacements.end() ? std::string_view() : found->second;
}

SandboxReport SandboxReport::ask(const std::string& launcher) {
  SandboxReport report;
  const auto answer = os::run_program({{launcher, "--probe"}, std::chrono::seconds(20)});
  if (!answer || answer->exit_status != 0) {
    report.problem = launcher + " --probe does not answer";
    return report;
  }
  std::istringstream lines(answer->output);
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> fields = fields_of(line);
    if (fields[0] == "level") {
      report.level = fields[1];
    } else {
      report.layers.push_back({fields[0], fields[1], fields[2], fields[3]});
    }
  }
  return report;
}

bool SandboxReport::confines() const noexcept {
  const auto holds = [&](std::string_view name) {
    return std::any_of(layers.begin(), layers.end(), [&](const LayerReport& one) { return one.name == name && one.result == "blocked"; });
  };
  return (holds("private-root") || holds("landlock-files")) && (holds("own-network") || holds("system-calls"));
}

}  // namespace mortise::app
