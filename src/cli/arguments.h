// What was typed, as data. CLI11 stays behind this header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cli/guests.h"
#include "cli/job_arguments.h"
#include "cli/market_arguments.h"
#include "cli/package_arguments.h"
#include "cli/project_arguments.h"

namespace mortise::cli {

struct Arguments {
  enum class Verb {
    serve,
    run,
    runs_list,
    runs_show,
    runs_logs,
    runs_cancel,
    runs_resume,
    runs_retry,
    runs_rerun,
    letters_list,
    letters_show,
    letters_drive,
    letters_discard,
    schedules_add,
    schedules_list,
    schedules_show,
    schedules_remove,
    schedules_pause,
    schedules_unpause,
    schedules_next,
    events,
    alerts_list,
    alerts_show,
    alerts_acknowledge,
    alerts_resolve,
    plugin_list,
    plugin_show,
    doctor,
    log_level,
    quickstart,
    config_show,
    config_check,
    config_keys,
    config_reload,
    token_create,
    token_list,
    token_revoke,
    backup,
    restore,
    plugin_health,
    plugin_scan,
    plugin_pack,
    plugin_keygen,
    plugin_install,
    plugin_enable,
    plugin_disable,
    plugin_uninstall,
    plugin_update,
    plugin_rollback,
    plugin_versions,
    plugin_history,
    plugin_verify,
    plugin_gc,
    plugin_lock,
    plugin_test,
    environment_list,
    environment_build,
    environment_remove,
    environment_collect,
    new_project,
    where,
    plugin_stats,
    plugin_reload,
    plugin_release,
    plugin_grant,
    plugin_limits,
    plugin_trust,
    files_list,
    files_upload,
    files_remove,
    marketplace,
    completion,
    guest,
    version,
  };
  Verb verb = Verb::version;

  // Of every verb.
  bool json = false;
  std::string data_dir;              // empty: what the configuration says, else .mortise
  std::string config;                // empty: mortise.yaml or mortise.toml of the working directory, if there is one
  std::vector<std::string> options;  // KEY=VALUE of the configuration

  std::vector<std::string> hosts;    // serve
  std::vector<std::uint16_t> ports;  // serve

  std::string pipeline;          // run: a file, or the name of a known pipeline
  std::string name;              // run: which pipeline of a file that holds several
  std::vector<std::string> set;  // run: key=value
  bool dry_run = false, trace = false, detach = false;

  std::string run_id;       // runs show, logs, cancel
  std::string state;        // runs list
  std::int64_t limit = 20;  // runs list
  bool follow = false;      // runs logs
  std::string reason;       // runs cancel

  JobArguments jobs;
  ProjectArguments project;
  PackageArguments package;
  MarketArguments market;

  std::string plugin;         // plugin show
  std::vector<std::string> permissions, limits;  // plugin grant, plugin limits: as typed
  bool revoke = false;        // plugin grant, plugin trust
  std::string level;          // log-level
  std::string part;           // log-level: of a single part
  bool follow_whole = false;  // log-level: the part has no level of its own any more
  bool running = false;       // config show: of the server that runs

  std::string folder;                 // doctor: of a plugin
  std::string shell;                  // completion: bash, zsh, fish or man
  std::string token, scope, expires;  // token: its name or id, what it may do, how long it holds
  std::string file;                   // backup, restore, files: a path, or the name of an uploaded file
  std::vector<std::string> keys;      // plugin scan: files of public keys
  std::string output, sign;           // plugin pack: where the archive goes, the secret key's file
  bool password = false;              // plugin pack, keygen: the key has one, on standard input
  std::string file_name;              // files upload: under this name

  const GuestVerb* guest = nullptr;  // guest: the verb that was typed
  GuestInput guest_input;
};

// What to do, or what to print right away (help) with exit status 0. Throws Error{invalid} on anything that is not a verb or
// not an option of it, with the nearest word as a hint.
struct Printed {
  std::string text;
};
// `guests` must outlive what is returned.
[[nodiscard]] std::variant<Arguments, Printed> parse_arguments(int argc, const char* const* argv,
                                                               const Guests& guests = {});

}  // namespace mortise::cli
