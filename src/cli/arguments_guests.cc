// The words of guests.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "cli/argument_pages.h"
#include "cli/guests.h"

namespace mortise::cli {
namespace {

// The name under which its value is found: "config" of "-c,--config".
std::string key_of(const std::string& names) {
  const std::size_t dashes = names.find("--");
  const std::string key = dashes == std::string::npos ? names : names.substr(dashes + 2);
  return key.substr(0, key.find(','));
}

void add_option(CLI::App& verb, Arguments& arguments, const GuestOption& option, bool positional) {
  const std::string key = key_of(option.names);
  if (option.value.empty() && !positional) {
    const auto given = [&arguments, key] { arguments.guest_input.values[key] = {""}; };
    verb.add_flag_callback(option.names, given, option.description);
    return;
  }
  CLI::Option* made = verb.add_option_function<std::vector<std::string>>(
      option.names,
      [&arguments, key](const std::vector<std::string>& given) {
        auto& all = arguments.guest_input.values[key];
        all.insert(all.end(), given.begin(), given.end());
      },
      option.description);
  made->expected(1)->required(option.required)->allow_extra_args(false);
  if (!positional) made->type_name(option.value);
  if (!option.choices.empty()) made->check(CLI::IsMember(option.choices));
}

CLI::App& group_of(CLI::App& program, const Guests& guests, const std::string& word) {
  const auto there = program.get_subcommands([&](CLI::App* each) { return each->get_name() == word; });
  if (!there.empty()) return *there.front();
  const auto group = std::find_if(guests.groups.begin(), guests.groups.end(),
                                  [&](const GuestGroup& each) { return each.word == word; });
  CLI::App* made = program.add_subcommand(word, group == guests.groups.end() ? std::string() : group->summary);
  made->require_subcommand(1);
  return *made;
}

}  // namespace

void add_guests(CLI::App& program, Arguments& arguments, const Guests& guests) {
  for (const GuestVerb& verb : guests.verbs) {
    CLI::App* parent = &program;
    for (std::size_t i = 0; i + 1 < verb.words.size(); ++i) parent = &group_of(*parent, guests, verb.words[i]);
    CLI::App* command =
        add(*parent, arguments, Arguments::Verb::guest,
            {verb.words.back().c_str(), verb.summary.c_str(), verb.more.c_str(), verb.examples.c_str()});
    command->callback([&arguments, &verb, command] {
      arguments.verb = Arguments::Verb::guest;
      arguments.guest = &verb;
      arguments.guest_input.rest = command->remaining();
    });
    if (verb.passes_words_on) command->prefix_command()->fallthrough(false);
    for (const GuestOption& option : verb.options) add_option(*command, arguments, option, false);
    for (const GuestOption& argument : verb.arguments) add_option(*command, arguments, argument, true);
  }
}

std::vector<std::string> guest_words(std::vector<std::string> typed, const Guests& guests) {
  if (typed.empty()) return typed;
  const std::string program = std::filesystem::path(typed.front()).filename().string();
  for (const ProgramName& name : guests.names) {
    if (name.name != program) continue;
    std::vector<std::string> rest(typed.begin() + 1, typed.end());
    if (name.reworded) rest = name.reworded(std::move(rest));
    typed.resize(1);
    typed.insert(typed.end(), name.words.begin(), name.words.end());
    typed.insert(typed.end(), rest.begin(), rest.end());
  }
  for (const GuestGroup& group : guests.groups) {
    if (group.otherwise.empty() || typed.size() < 3 || typed[1] != group.word || typed[2].starts_with('-')) continue;
    const bool known = std::any_of(guests.verbs.begin(), guests.verbs.end(), [&](const GuestVerb& verb) {
      return verb.words.size() == 2 && verb.words[0] == group.word && verb.words[1] == typed[2];
    });
    if (!known) typed.insert(typed.begin() + 2, group.otherwise);
  }
  return typed;
}

}  // namespace mortise::cli
