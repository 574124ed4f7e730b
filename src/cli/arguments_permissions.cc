// The words for what a plugin may do.
#include <CLI/CLI.hpp>

#include "cli/argument_pages.h"

namespace mortise::cli {
namespace {

using Verb = Arguments::Verb;

void add_name(CLI::App& verb, Arguments& arguments) {
  verb.add_option("PLUGIN", arguments.plugin, "Its id or one of its other names")->required();
}

}  // namespace

void add_permissions(CLI::App& plugin, Arguments& arguments) {
  CLI::App* grant =
      add(plugin, arguments, Verb::plugin_grant,
          {"grant", "Say what a plugin may do beyond working on what it is given",
           "  read_data, write_data     use the host's services for uploaded files\n"
           "  network                   reach any public address\n"
           "  network=HOST[:PORT]       reach this name, *.name, address or range; the only way to private addresses\n"
           "  file_system               a folder of its own, those of permissions.folders, and what a step names\n"
           "  file_system=PATH[:write]  read, or also change, this file or folder\n"
           "  environment=NAME          see this variable of the host's environment\n"
           "What it says stands above the plugin's manifest and is kept with who said it and when. It holds from the\n"
           "plugin's next call on. `mortise plugin show` lists what is declared, decided and in effect.",
           "  mortise plugin grant resize network=api.example.org:443\n"
           "  mortise plugin grant resize file_system=/srv/photos file_system=/srv/small:write\n"
           "  mortise plugin grant resize network --revoke        none at all, whatever its manifest declares"});
  add_name(*grant, arguments);
  grant->add_option("PERMISSION", arguments.permissions, "One or several of the above")->required();
  grant->add_flag("--revoke", arguments.revoke, "Take them away instead");
  CLI::App* limits =
      add(plugin, arguments, Verb::plugin_limits,
          {"limits", "Tighten or widen the limits of a plugin",
           "  memory=SIZE, processors=N, deadline=DURATION, processes=N, open_files=N\n"
           "NAME= alone takes one back, so that the plugin's own, or the host's, holds again.",
           "  mortise plugin limits resize memory=1GiB processors=0.5\n"
           "  mortise plugin limits resize deadline=5m processes=50\n"
           "  mortise plugin limits resize memory="});
  add_name(*limits, arguments);
  limits->add_option("LIMIT", arguments.limits, "One or several of the above")->required();
  CLI::App* trust =
      add(plugin, arguments, Verb::plugin_trust,
          {"trust", "Have a plugin in C or C++ run inside the host's own process",
           "Danger: it may then do all that the host may, and a crash of it is a crash of the host. Calls cost less.",
           "  mortise plugin trust Data_Processing.filter\n"
           "  mortise plugin trust Data_Processing.filter --revoke"});
  add_name(*trust, arguments);
  trust->add_flag("--revoke", arguments.revoke, "Back into a worker");
}

}  // namespace mortise::cli
