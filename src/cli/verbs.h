// The verbs, one function each. They print to standard output, throw Error for what the user should see as one, and return
// the exit status.
#pragma once

#include <memory>

#include "cli/arguments.h"
#include "cli/client.h"
#include "cli/host.h"
#include "cli/signals.h"

namespace mortise::cli {

struct Tools {
  const Arguments& arguments;
  const HostOptions& options;
  HostMaker& maker;
  Signals& signals;
};

[[nodiscard]] int serve(const Tools& tools);
[[nodiscard]] int run(const Tools& tools);
[[nodiscard]] int list_runs(const Tools& tools);
[[nodiscard]] int show_run(const Tools& tools);
[[nodiscard]] int show_logs(const Tools& tools);
[[nodiscard]] int cancel_run(const Tools& tools);
[[nodiscard]] int resume_run(const Tools& tools);
[[nodiscard]] int retry_run(const Tools& tools);
[[nodiscard]] int rerun_run(const Tools& tools);
[[nodiscard]] int list_letters(const Tools& tools);
[[nodiscard]] int show_letter(const Tools& tools);
[[nodiscard]] int drive_letter(const Tools& tools);
[[nodiscard]] int discard_letter(const Tools& tools);
[[nodiscard]] int add_schedule(const Tools& tools);
[[nodiscard]] int list_schedules(const Tools& tools);
[[nodiscard]] int show_schedule(const Tools& tools);
[[nodiscard]] int remove_schedule(const Tools& tools);
[[nodiscard]] int pause_schedule(const Tools& tools);
[[nodiscard]] int unpause_schedule(const Tools& tools);
[[nodiscard]] int next_times(const Tools& tools);
[[nodiscard]] int list_events(const Tools& tools);
[[nodiscard]] int list_alerts(const Tools& tools);
[[nodiscard]] int show_alert(const Tools& tools);
[[nodiscard]] int acknowledge_alert(const Tools& tools);
[[nodiscard]] int resolve_alert(const Tools& tools);
[[nodiscard]] int list_plugins(const Tools& tools);
[[nodiscard]] int show_plugin(const Tools& tools);
[[nodiscard]] int doctor(const Tools& tools);
[[nodiscard]] int log_level(const Tools& tools);
[[nodiscard]] int quickstart(const Tools& tools);
[[nodiscard]] int show_configuration(const Tools& tools);
[[nodiscard]] int check_configuration(const Tools& tools);
[[nodiscard]] int list_configuration_keys(const Tools& tools);
[[nodiscard]] int reload_configuration(const Tools& tools);
[[nodiscard]] int create_token(const Tools& tools);
[[nodiscard]] int list_tokens(const Tools& tools);
[[nodiscard]] int revoke_token(const Tools& tools);
[[nodiscard]] int backup(const Tools& tools);
[[nodiscard]] int restore(const Tools& tools);
[[nodiscard]] int marketplace(const Tools& tools);  // and all below it
[[nodiscard]] int completion(const Tools& tools);
[[nodiscard]] int check_plugins(const Tools& tools);
[[nodiscard]] int scan_package(const Tools& tools);
[[nodiscard]] int pack_package(const Tools& tools);
[[nodiscard]] int make_keys(const Tools& tools);
[[nodiscard]] int install_package(const Tools& tools);
[[nodiscard]] int enable_package(const Tools& tools);
[[nodiscard]] int disable_package(const Tools& tools);
[[nodiscard]] int uninstall_package(const Tools& tools);
[[nodiscard]] int update_package(const Tools& tools);
[[nodiscard]] int rollback_package(const Tools& tools);
[[nodiscard]] int list_versions(const Tools& tools);
[[nodiscard]] int show_history(const Tools& tools);
[[nodiscard]] int verify_packages(const Tools& tools);
[[nodiscard]] int collect_garbage(const Tools& tools);
[[nodiscard]] int write_lock(const Tools& tools);
[[nodiscard]] int test_plugin(const Tools& tools);
[[nodiscard]] int list_environments(const Tools& tools);
[[nodiscard]] int build_environments(const Tools& tools);
[[nodiscard]] int remove_environment(const Tools& tools);
[[nodiscard]] int collect_environments(const Tools& tools);
[[nodiscard]] int new_project(const Tools& tools);
[[nodiscard]] int where(const Tools& tools);
[[nodiscard]] int plugin_statistics(const Tools& tools);
[[nodiscard]] int reload_plugin(const Tools& tools);
[[nodiscard]] int release_plugin(const Tools& tools);
[[nodiscard]] int grant_permissions(const Tools& tools);
[[nodiscard]] int set_limits(const Tools& tools);
[[nodiscard]] int trust_plugin(const Tools& tools);
[[nodiscard]] int list_files(const Tools& tools);
[[nodiscard]] int upload_file(const Tools& tools);
[[nodiscard]] int remove_file(const Tools& tools);

// A client of the server that runs on the data folder. Throws Error{not_found} when none does.
[[nodiscard]] std::unique_ptr<Client> require_server(const Tools& tools);

// Waits for SIGTERM or SIGINT (SIGHUP reads the configuration again), then lets running work finish; a second signal ends this process at once.
void stay_until_signalled(const Tools& tools, Host& host);
// "quarantined until ...", or nothing.
[[nodiscard]] std::string quarantine_text(const Value& quarantine);
[[nodiscard]] Value urls_of(const Host& host);
// "mortise 0.1.0 ready on http://127.0.0.1:8080 http://127.0.0.1:8001", or with --json {"version", "pid", "urls", "socket"} on
// one line.
[[nodiscard]] std::string ready_line(const Tools& tools, const Host& host);

}  // namespace mortise::cli
