// The words of whoever operates a host.
#include <CLI/CLI.hpp>

#include "cli/argument_pages.h"

namespace mortise::cli {
namespace {

using Verb = Arguments::Verb;

void add_config(CLI::App& program, Arguments& arguments) {
  CLI::App* config = program.add_subcommand("config", "Look at the configuration, check it, read it again");
  config->require_subcommand(1);
  CLI::App* show =
      add(*config, arguments, Verb::config_show,
          {"show", "Show every key's value and where it comes from",
           "Of four places each comes before the one above it: default, configuration file, environment, command\n"
           "line. A variable is named after its key: MORTISE_SERVER_PORT is server.port.",
           "  mortise config show\n"
           "  MORTISE_PLUGINS_TIMEOUT=2m mortise config show\n"
           "  mortise config show --running           of the server that runs\n"
           "  mortise config show --json | jq '.values[] | select(.source != \"default\")'"});
  show->add_flag("--running", arguments.running, "Ask the running server instead of reading the files");
  add(*config, arguments, Verb::config_check,
      {"check", "Check the configuration and name everything that is wrong with it",
       "The exit status is 64 when something is. Nothing is started.",
       "  mortise config check\n  mortise config check --config /etc/mortise/mortise.yaml"});
  add(*config, arguments, Verb::config_keys,
      {"keys", "List every key with its kind, its default and its meaning",
       "`at once` means that SIGHUP (or `mortise config reload`) makes a changed value hold; the others wait for the\n"
       "next start.",
       "  mortise config keys\n  mortise config keys --json"});
  add(*config, arguments, Verb::config_reload,
      {"reload", "Have the running server read its configuration again",
       "As SIGHUP does. When something is wrong with it, the server keeps the one it has, and this says why. The log\n"
       "file and the TLS certificate are opened anew, too.",
       "  mortise config reload\n  systemctl reload mortise"});
}

void add_token(CLI::App& program, Arguments& arguments) {
  CLI::App* token = program.add_subcommand("token", "Make, list and revoke the tokens of the HTTP API");
  token->require_subcommand(1);
  CLI::App* create = add(*token, arguments, Verb::token_create,
                         {"create", "Make a token and print it, this once",
                          "The scopes are a ladder, each holds the ones before it:\n"
                          "  read      look at plugins, pipelines, runs, metrics\n"
                          "  run       start and cancel work, upload files\n"
                          "  operate   change how the server works\n"
                          "  admin     everything that this command may do\n"
                          "Programs send it as `Authorization: Bearer TOKEN`. Only a digest of it is kept.",
                          "  mortise token create ci --scope run --expires 30d\n"
                          "  TOKEN=$(mortise token create dashboard --scope read --json | jq -r .token)"});
  create->add_option("NAME", arguments.token, "What it is for")->required();
  create->add_option("--scope", arguments.scope, "What it may do")
      ->required()
      ->type_name("SCOPE")
      ->check(CLI::IsMember({"read", "run", "operate", "admin"}));
  create
      ->add_option("--expires", arguments.expires,
                   "How long it holds, such as 12h or 30d (default: until it is revoked)")
      ->type_name("DURATION");
  add(*token, arguments, Verb::token_list,
      {"list", "List the tokens, without their secrets", "", "  mortise token list\n  mortise token list --json"});
  CLI::App* revoke =
      add(*token, arguments, Verb::token_revoke,
          {"revoke", "Make a token invalid, from the next request on", "", "  mortise token revoke 3f9c01b2a7d4"});
  revoke->add_option("ID", arguments.token, "The id in the list, not the token itself")->required();
}

void add_backup(CLI::App& program, Arguments& arguments) {
  CLI::App* backup =
      add(program, arguments, Verb::backup,
          {"backup", "Write the data folder to one file, also while the server works",
           "The file is a tar archive with a list of digests at its end; it holds the run log, tokens' digests,\n"
           "schedules, what runs keep, known pipelines and uploaded files. It is as private as the data folder.",
           "  mortise backup /backups/mortise-$(date +%F).tar\n"
           "  mortise backup monday.tar --json"});
  backup->add_option("FILE", arguments.file, "The file to write; one that is there is replaced at the end")->required();
  CLI::App* restore =
      add(program, arguments, Verb::restore,
          {"restore", "Put a backup in the place of the data folder",
           "No server may run on the folder. Every digest and the database are checked before anything is\n"
           "changed; what was there is kept beside, as DATA_DIR.before-TIME.",
           "  systemctl stop mortise && mortise restore /backups/mortise-2026-01-31.tar"});
  restore->add_option("FILE", arguments.file, "The backup")->required();
}

void add_files(CLI::App& program, Arguments& arguments) {
  CLI::App* files = program.add_subcommand("files", "Upload files for pipelines, list and remove them");
  files->require_subcommand(1);
  add(*files, arguments, Verb::files_list, {"list", "List the files that were uploaded", "", "  mortise files list"});
  CLI::App* upload =
      add(*files, arguments, Verb::files_upload,
          {"upload", "Upload a file, whatever its size",
           "It goes piece by piece, and goes on where it ended when it was interrupted. The server checks the\n"
           "digest of the whole and says the path where plugins find it.",
           "  mortise files upload sales.csv\n"
           "  mortise files upload /data/march.parquet --name sales.parquet"});
  upload->add_option("FILE", arguments.file, "The file")->required();
  upload->add_option("--name", arguments.file_name, "Its name on the server (default: its own)")->type_name("NAME");
  CLI::App* remove = add(*files, arguments, Verb::files_remove,
                         {"remove", "Remove a file from the server", "", "  mortise files remove sales.csv"});
  remove->add_option("NAME", arguments.file, "Its name in the list")->required();
}

}  // namespace

void add_operation(CLI::App& program, Arguments& arguments) {
  add_config(program, arguments);
  add_token(program, arguments);
  add_backup(program, arguments);
  add_files(program, arguments);
  CLI::App* completion = add(program, arguments, Verb::completion,
                             {"completion", "Print completion for a shell, or the manual page",
                              "Installed packages have them in place already.",
                              "  source <(mortise completion bash)\n"
                              "  mortise completion fish > ~/.config/fish/completions/mortise.fish\n"
                              "  mortise completion man | man -l -"});
  completion->add_option("SHELL", arguments.shell, "bash, zsh, fish, or man")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "man"}));
}

}  // namespace mortise::cli
