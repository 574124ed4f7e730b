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

}  // namespace

void add_operation(CLI::App& program, Arguments& arguments) { add_config(program, arguments); }

}  // namespace mortise::cli
