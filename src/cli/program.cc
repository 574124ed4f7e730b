#include "cli/program.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/json.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "os/paths.h"

namespace mortise::cli {
namespace {

std::string configuration_file(const Arguments& arguments) {
  if (!arguments.config.empty()) return os::absolute(arguments.config);
  for (const char* name : {"mortise.yaml", "mortise.toml"}) {
    if (std::filesystem::exists(name)) return os::absolute(name);
  }
  return {};
}

// The command line, then the configuration, then .mortise of the present folder.
std::string data_folder(const Arguments& arguments, const std::string& configured) {
  if (!arguments.data_dir.empty()) return os::absolute(arguments.data_dir);
  return configured.empty() ? os::absolute(".mortise") : configured;
}

int dispatch(const Tools& tools) {
  using Verb = Arguments::Verb;
  switch (tools.arguments.verb) {
    case Verb::serve: return serve(tools);
    case Verb::run: return run(tools);
    case Verb::runs_list: return list_runs(tools);
    case Verb::runs_show: return show_run(tools);
    case Verb::runs_logs: return show_logs(tools);
    case Verb::runs_cancel: return cancel_run(tools);
    case Verb::plugin_list: return list_plugins(tools);
    case Verb::plugin_show: return show_plugin(tools);
    case Verb::doctor: return doctor(tools);
    case Verb::log_level: return log_level(tools);
    case Verb::quickstart: return quickstart(tools);
    case Verb::version: break;
  }
  print("mortise " + tools.maker.version() + "\n");
  return EXIT_SUCCESS;
}

// Whether the caller wants JSON, also when the arguments could not be understood.
bool wants_json(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

int report(const Error& error, bool json) noexcept {
  try {
    complain(error_text(error, STDERR_FILENO));
    if (json) print(json_text(error_json(error)));
  } catch (...) {
    complain("mortise: error: the error could not be shown\n");
  }
  return meaning(error.code()).exit_status;
}

int parse_and_dispatch(int argc, const char* const* argv, HostMaker& maker) {
  const auto parsed = parse_arguments(argc, argv);
  if (const auto* printed = std::get_if<Printed>(&parsed)) {
    print(printed->text);
    return EXIT_SUCCESS;
  }
  const auto& arguments = std::get<Arguments>(parsed);
  Signals signals;
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left is an error of the write, not the end of the process
  HostOptions options;
  options.config = configuration_file(arguments);
  options.data_dir = data_folder(arguments, maker.data_dir(options.config));
  options.listen_hosts = arguments.hosts;
  options.listen_ports = arguments.ports;
  return dispatch({arguments, options, maker, signals});
}

}  // namespace

int run_program(int argc, const char* const* argv, HostMaker& maker) noexcept {
  const bool json = wants_json(argc, argv);
  try {
    return parse_and_dispatch(argc, argv, maker);
  } catch (const Error& error) {
    return report(error, json);
  } catch (const std::exception& error) {
    return report(Error(Code::internal, std::string("unexpected failure: ") + error.what()), json);
  }
}

}  // namespace mortise::cli
