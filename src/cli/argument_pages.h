// How the verbs of the command line are described. Internal to the parsing of arguments; it shows CLI11.
#pragma once

#include <CLI/App.hpp>

#include "cli/arguments.h"

namespace mortise::cli {

// One page of help: a line for the list of verbs, then what a manual would say.
struct Page {
  const char* word;
  const char* summary;
  const char* more;  // may be empty
  const char* examples;
};

// A verb remembers itself when it was the one that was typed.
CLI::App* add(CLI::App& parent, Arguments& arguments, Arguments::Verb verb, const Page& page);

// arguments_operation.cc: configuration, tokens, backups, files, and what helps at a shell.
void add_operation(CLI::App& program, Arguments& arguments);
// arguments_projects.cc: what helps those who write plugins; and the verb of `plugin` that tests one.
void add_projects(CLI::App& program, Arguments& arguments);
void add_plugin_test(CLI::App& plugin, Arguments& arguments);
// arguments_packages.cc: the verbs of `plugin` that install, update and remove packages.
void add_packages(CLI::App& plugin, Arguments& arguments);
// arguments_jobs.cc: schedules, dead letters, events and alerts; and the verbs of `runs` that take one up again.
void add_jobs(CLI::App& program, Arguments& arguments);
void add_runs_again(CLI::App& runs, Arguments& arguments);
// arguments_market.cc: marketplaces, advisories; and the verb of `plugin` that prints a bill of materials.
void add_sbom(CLI::App& plugin, Arguments& arguments);
void add_marketplace(CLI::App& program, Arguments& arguments);
// arguments_guests.cc.
void add_guests(CLI::App& program, Arguments& arguments, const Guests& guests);
// The words as if the program had been started under its own name, with the verb that a group's `otherwise` puts in.
[[nodiscard]] std::vector<std::string> guest_words(std::vector<std::string> typed, const Guests& guests);
// arguments_permissions.cc: the verbs of `plugin` that say what a plugin may do.
void add_permissions(CLI::App& plugin, Arguments& arguments);

}  // namespace mortise::cli
