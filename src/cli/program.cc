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

// What the command line says about the configuration's keys.
std::vector<HostOptions::Override> overrides(const Arguments& arguments) {
  std::vector<HostOptions::Override> all;
  for (const std::string& option : arguments.options) {
    const std::size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(Code::invalid, "--option needs KEY=VALUE, got '" + option + "'", "such as -o logging.level=debug");
    }
    all.push_back({option.substr(0, equals), {option.substr(equals + 1)}, "--option"});
  }
  if (!arguments.data_dir.empty()) all.push_back({"data_dir", {arguments.data_dir}, "--data-dir"});
  if (!arguments.hosts.empty()) all.push_back({"server.host", arguments.hosts, "--host"});
  std::vector<std::string> ports;
  for (const std::uint16_t port : arguments.ports) ports.push_back(std::to_string(port));
  if (!ports.empty()) all.push_back({"server.port", ports, "--port"});
  return all;
}

// A wrong configuration must not keep anybody from looking at what is wrong with it.
bool looks_at_configuration(Arguments::Verb verb) {
  using Verb = Arguments::Verb;
  return verb == Verb::config_check || verb == Verb::config_keys || verb == Verb::version || verb == Verb::completion ||
         verb == Verb::new_project || verb == Verb::where;
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
    case Verb::runs_resume: return resume_run(tools);
    case Verb::runs_retry: return retry_run(tools);
    case Verb::runs_rerun: return rerun_run(tools);
    case Verb::letters_list: return list_letters(tools);
    case Verb::letters_show: return show_letter(tools);
    case Verb::letters_drive: return drive_letter(tools);
    case Verb::letters_discard: return discard_letter(tools);
    case Verb::schedules_add: return add_schedule(tools);
    case Verb::schedules_list: return list_schedules(tools);
    case Verb::schedules_show: return show_schedule(tools);
    case Verb::schedules_remove: return remove_schedule(tools);
    case Verb::schedules_pause: return pause_schedule(tools);
    case Verb::schedules_unpause: return unpause_schedule(tools);
    case Verb::schedules_next: return next_times(tools);
    case Verb::events: return list_events(tools);
    case Verb::alerts_list: return list_alerts(tools);
    case Verb::alerts_show: return show_alert(tools);
    case Verb::alerts_acknowledge: return acknowledge_alert(tools);
    case Verb::alerts_resolve: return resolve_alert(tools);
    case Verb::plugin_list: return list_plugins(tools);
    case Verb::plugin_show: return show_plugin(tools);
    case Verb::doctor: return doctor(tools);
    case Verb::log_level: return log_level(tools);
    case Verb::quickstart: return quickstart(tools);
    case Verb::config_show: return show_configuration(tools);
    case Verb::config_check: return check_configuration(tools);
    case Verb::config_keys: return list_configuration_keys(tools);
    case Verb::config_reload: return reload_configuration(tools);
    case Verb::token_create: return create_token(tools);
    case Verb::token_list: return list_tokens(tools);
    case Verb::token_revoke: return revoke_token(tools);
    case Verb::backup: return backup(tools);
    case Verb::restore: return restore(tools);
    case Verb::plugin_health: return check_plugins(tools);
    case Verb::plugin_scan: return scan_package(tools);
    case Verb::plugin_pack: return pack_package(tools);
    case Verb::plugin_keygen: return make_keys(tools);
    case Verb::plugin_install: return install_package(tools);
    case Verb::plugin_enable: return enable_package(tools);
    case Verb::plugin_disable: return disable_package(tools);
    case Verb::plugin_uninstall: return uninstall_package(tools);
    case Verb::plugin_update: return update_package(tools);
    case Verb::plugin_rollback: return rollback_package(tools);
    case Verb::plugin_versions: return list_versions(tools);
    case Verb::plugin_history: return show_history(tools);
    case Verb::plugin_verify: return verify_packages(tools);
    case Verb::plugin_gc: return collect_garbage(tools);
    case Verb::plugin_lock: return write_lock(tools);
    case Verb::plugin_test: return test_plugin(tools);
    case Verb::environment_list: return list_environments(tools);
    case Verb::environment_build: return build_environments(tools);
    case Verb::environment_remove: return remove_environment(tools);
    case Verb::environment_collect: return collect_environments(tools);
    case Verb::new_project: return new_project(tools);
    case Verb::where: return where(tools);
    case Verb::plugin_stats: return plugin_statistics(tools);
    case Verb::plugin_reload: return reload_plugin(tools);
    case Verb::plugin_release: return release_plugin(tools);
    case Verb::plugin_grant: return grant_permissions(tools);
    case Verb::plugin_limits: return set_limits(tools);
    case Verb::plugin_trust: return trust_plugin(tools);
    case Verb::files_list: return list_files(tools);
    case Verb::files_upload: return upload_file(tools);
    case Verb::files_remove: return remove_file(tools);
    case Verb::marketplace: return marketplace(tools);
    case Verb::completion: return completion(tools);
    case Verb::guest: return tools.arguments.guest->run(tools, tools.arguments.guest_input);
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
  const auto parsed = parse_arguments(argc, argv, maker.guests());
  if (const auto* printed = std::get_if<Printed>(&parsed)) {
    print(printed->text);
    return EXIT_SUCCESS;
  }
  const auto& arguments = std::get<Arguments>(parsed);
  Signals signals;
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left is an error of the write, not the end of the process
  HostOptions options;
  options.config = configuration_file(arguments);
  options.overrides = overrides(arguments);
  if (!looks_at_configuration(arguments.verb)) options.data_dir = maker.data_dir(options);
  if (options.data_dir.empty()) options.data_dir = os::absolute(".mortise");
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
