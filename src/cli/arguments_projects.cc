// The words of whoever writes plugins.
#include <CLI/CLI.hpp>

#include "cli/argument_pages.h"

namespace mortise::cli {

using Verb = Arguments::Verb;

namespace {

void add_new(CLI::App& program, Arguments& arguments) {
  ProjectArguments& project = arguments.project;
  CLI::App* make = add(program, arguments, Verb::new_project,
                       {"new", "Begin a plugin: a project that builds, tests and runs as it stands",
                        "DIALECT is the way of writing it: `native` is ours. The project is a folder of its own, named after the\n"
                        "plugin, with manifest, source, a test, an example pipeline, README and .gitignore.",
                        "  mortise new native words --language python\n"
                        "  mortise new native Input.sensor --language c --author 'Ada' --description 'Reads the sensor'\n"
                        "  mortise new native scale --language cpp --folder plugins/scale"});
  make->add_option("DIALECT", project.dialect, "How it is written: native, or the name of a guide")->required();
  make->add_option("NAME", project.name, "The plugin's name, such as words or Input.words")->required();
  make->add_option("--language", project.language, "c, cpp, python, r or go")->type_name("LANGUAGE");
  make->add_option("--template", project.kind, "Which template, where a dialect has several")->type_name("NAME");
  make->add_option("--folder", project.folder, "The folder to make (default: named after the plugin)")
      ->type_name("FOLDER");
  make->add_option("--author", project.author, "Who writes it")->type_name("TEXT");
  make->add_option("--description", project.description, "What it does, in one line")->type_name("TEXT");
  make->add_option("--category", project.category, "For people who look for plugins")->type_name("TEXT");
  make->add_option("--tag", project.tags, "For searching (repeatable)")->type_name("TEXT")->allow_extra_args(false);
  make->add_option("--extension-point", project.extension_points,
                   "Where it takes part (repeatable; docs/extension-points.md)")
      ->type_name("NAME")
      ->allow_extra_args(false);
}

void add_where(CLI::App& program, Arguments& arguments) {
  CLI::App* where =
      add(program, arguments, Verb::where,
          {"where", "Tell in which folders the things are that plugins are built and tested with",
           "include: the headers for C and C++. python, r, go: the SDKs. templates: what `mortise new` begins with.\n"
           "plugins: those that come with mortise.",
           "  mortise where\n"
           "  cc -shared -fPIC -I\"$(mortise where include)\" plugin.c -o libplugin.so\n"
           "  PYTHONPATH=\"$(mortise where python)\" python3 -m pytest"});
  where->add_option("THING", arguments.project.place, "Only this one, and nothing but its folder");
}

void add_environment(CLI::App& program, Arguments& arguments) {
  CLI::App* environment = program.add_subcommand("environment", "Look at the packages that plugins need, and build them ahead");
  environment->require_subcommand(1);
  add(*environment, arguments, Verb::environment_list,
      {"list", "List the sets of packages that were built for plugins",
       "A plugin whose packages are installed for its interpreter needs none. Those that need the same share one.",
       "  mortise environment list\n  mortise environment list --json"});
  CLI::App* build =
      add(*environment, arguments, Verb::environment_build,
          {"build", "Build what a plugin needs now, instead of at its first call",
           "Packages come from environments.wheels and environments.index (Python), or environments.r_packages (R). Without a\n"
           "name this is done for every plugin; the exit status is 1 when one of them cannot be had.",
           "  mortise environment build\n"
           "  mortise environment build normaliser\n"
           "  mortise environment build -o environments.wheels=/srv/wheels"});
  build->add_option("PLUGIN", arguments.plugin, "One plugin (default: all)");
  CLI::App* remove = add(*environment, arguments, Verb::environment_remove,
                         {"remove", "Remove one that no plugin of the running server uses", "",
                          "  mortise environment remove 5f0c2e5b0c6a7d9e8f1a2b3c4d5e6f70"});
  remove->add_option("KEY", arguments.project.environment, "Its key")->required();
  add(*environment, arguments, Verb::environment_collect,
      {"collect", "Remove those that nobody used for environments.keep", "A server does so when it starts.",
       "  mortise environment collect"});
}

}  // namespace

void add_plugin_test(CLI::App& plugin, Arguments& arguments) {
  ProjectArguments& project = arguments.project;
  CLI::App* test =
      add(plugin, arguments, Verb::plugin_test,
          {"test", "Build a plugin, run its tests, and try what every plugin must do",
           "All of it happens in a copy of the folder: it is built (make or cmake), its own tests run (pytest or unittest,\n"
           "testthat or scripts in R, go test, make test or ctest), and a host of its own loads it and runs its examples\n"
           "(example.yaml, examples/*.yaml). The exit status is 1 when something failed.\n"
           "What its author wrote runs confined as a worker is: it sees the copy, the language and the system, and no network.",
           "  mortise plugin test .\n"
           "  mortise plugin test plugins/words --junit report.xml\n"
           "  mortise plugin test plugins/words --timeout 60 --json"});
  test->add_option("FOLDER", project.tested, "The folder of the plugin")->required();
  test->add_option("--junit", project.junit, "Write the results as JUnit XML, too")->type_name("FILE");
  test->add_option("--timeout", project.timeout, "Seconds for all of it")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 86400.0));
  test->add_flag("--dangerously-unconfined", project.unconfined,
                 "DANGER: its build, its tests and its examples may do all that you may do");
}

void add_projects(CLI::App& program, Arguments& arguments) {
  add_new(program, arguments);
  add_where(program, arguments);
  add_environment(program, arguments);
}

}  // namespace mortise::cli
