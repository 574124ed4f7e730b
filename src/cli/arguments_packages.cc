// The words of the life of packages: from `mortise plugin install` to `mortise plugin uninstall`.
#include <CLI/CLI.hpp>

#include "cli/argument_pages.h"

namespace mortise::cli {

using Verb = Arguments::Verb;

namespace {

void add_sources(CLI::App& verb, PackageArguments& package) {
  verb.add_option("--from", package.from, "A folder of packages that may be taken (repeatable)")->type_name("FOLDER")->allow_extra_args(false);
  verb.add_flag("--dangerously-accept-findings", package.accept_findings, "DANGER: install what the scanner's findings refuse");
}

CLI::App* add_one(CLI::App& plugin, Arguments& arguments, Verb verb, const Page& page) {
  CLI::App* made = add(plugin, arguments, verb, page);
  made->add_option("PLUGIN", arguments.package.plugin, "Its name")->required();
  return made;
}

void add_reason(CLI::App& verb, PackageArguments& package) { verb.add_option("--reason", package.reason, "Why, for the record")->type_name("TEXT"); }

void add_install(CLI::App& plugin, Arguments& arguments) {
  PackageArguments& package = arguments.package;
  CLI::App* install =
      add(plugin, arguments, Verb::plugin_install,
          {"install", "Install plugins from archives, folders, or by name",
           "A package is unpacked and scanned before anything of it is visible; what refuses it is told and kept in the\n"
           "history. It is enabled at once: what it needs of other plugins comes along. A name is looked for in the\n"
           "folders of --from, then in the marketplaces that this host knows (mortise marketplace list).\n"
           "--as gives the plugin another name here: so two of one name, from different people, are there side by side.\n"
           "--lock installs what a lock names, in those versions with that content (mortise plugin lock).",
           "  mortise plugin install my_plugin-1.0.0.tar.gz\n"
           "  mortise plugin install my_plugin/ --disabled\n"
           "  mortise plugin install scale-2.0.0.tar.gz --as their_scale\n"
           "  mortise plugin install scale@^2.1\n"
           "  mortise plugin install scale@^2.1 --from /srv/packages\n"
           "  mortise plugin install --lock mortise.lock --from /srv/packages"});
  install->add_option("WHAT", package.what, "Archives (tar.gz, tar.zst, zip), folders, or NAME[@RANGE]");
  add_sources(*install, package);
  install->add_flag("--disabled", package.disabled, "Install it, but let nobody use it yet");
  install->add_flag("--accept", package.accept, "New permissions of plugins that are updated for it are fine");
  install->add_option("--as", package.as, "The name that the plugin has here (one at a time)")->type_name("NAME");
  install->add_option("--lock", package.lock, "Install what this lock names")->type_name("FILE");
}

void add_switches(CLI::App& plugin, Arguments& arguments) {
  PackageArguments& package = arguments.package;
  CLI::App* update =
      add_one(plugin, arguments, Verb::plugin_update,
              {"update", "Go over to a newer version without a dropped call",
               "Calls that run end on the present version, later ones begin on the next. When the next one does not start,\n"
               "the present one stays. New permissions must be confirmed with --accept. The newest version is taken of those\n"
               "that are kept and those in the folders of --from, unless --to names one or a package is given.",
               "  mortise plugin update my_plugin my_plugin-1.1.0.tar.gz\n"
               "  mortise plugin update my_plugin --to 1.1.0 --accept\n"
               "  mortise plugin update my_plugin --from /srv/packages"});
  update->add_option("PACKAGE", package.package, "An archive or a folder");
  update->add_option("--to", package.target, "The version")->type_name("VERSION");
  update->add_flag("--accept", package.accept, "Its new permissions are fine");
  update->add_flag("--keep", package.keep, "Only keep the package's version, for a later update");
  add_sources(*update, package);
  add_reason(*update, package);
  CLI::App* rollback = add_one(plugin, arguments, Verb::plugin_rollback,
                               {"rollback", "Go back to an older version without a dropped call", "Every version is kept until the plugin is uninstalled.",
                                "  mortise plugin rollback my_plugin --reason 'wrong results'\n  mortise plugin rollback my_plugin --to 1.0.0"});
  rollback->add_option("--to", package.target, "The version (default: the one before)")->type_name("VERSION");
  add_reason(*rollback, package);
}

void add_records(CLI::App& plugin, Arguments& arguments) {
  PackageArguments& package = arguments.package;
  CLI::App* versions = add(plugin, arguments, Verb::plugin_versions,
                           {"versions", "Show what is installed, with every kept version", "", "  mortise plugin versions\n  mortise plugin versions my_plugin --json"});
  versions->add_option("PLUGIN", package.plugin, "One plugin (default: all)");
  CLI::App* history = add(plugin, arguments, Verb::plugin_history,
                          {"history", "Show what was done to installed plugins, newest first", "Packages that were refused are in it, with their scan (--json).",
                           "  mortise plugin history\n  mortise plugin history my_plugin --json"});
  history->add_option("PLUGIN", package.plugin, "One plugin (default: all)");
  add(plugin, arguments, Verb::plugin_verify,
      {"verify", "Compare the files of every kept version with what was installed", "The exit status is 1 when something was changed, which is then named.",
       "  mortise plugin verify\n  mortise plugin verify --json"});
  add(plugin, arguments, Verb::plugin_gc, {"gc", "Remove files of packages that nothing names any more", "", "  mortise plugin gc"});
  CLI::App* lock = add(plugin, arguments, Verb::plugin_lock,
                       {"lock", "Write down which plugins are installed, in which version with which content",
                        "`mortise plugin install --lock FILE` makes another host the same.", "  mortise plugin lock --output mortise.lock\n  mortise plugin lock"});
  lock->add_option("--output", arguments.output, "The file (default: standard output)")->type_name("FILE");
}

}  // namespace

void add_packages(CLI::App& plugin, Arguments& arguments) {
  add_install(plugin, arguments);
  add_one(plugin, arguments, Verb::plugin_enable, {"enable", "Let a plugin be used", "Everything it needs must be there and enabled.", "  mortise plugin enable my_plugin"});
  add_one(plugin, arguments, Verb::plugin_disable,
          {"disable", "Let nobody use a plugin", "Calls that run end; later ones are refused. Refused while enabled plugins need it.", "  mortise plugin disable my_plugin"});
  add_switches(plugin, arguments);
  CLI::App* uninstall = add_one(plugin, arguments, Verb::plugin_uninstall,
                                {"uninstall", "Remove a plugin with all of its versions", "Refused while others need it, which are named.", "  mortise plugin uninstall my_plugin"});
  add_reason(*uninstall, arguments.package);
  add_records(plugin, arguments);
}

}  // namespace mortise::cli
