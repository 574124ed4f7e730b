// The words of the command line and their help texts: one function per verb, each a page that reads like a manual.
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"
#include "cli/argument_pages.h"
#include "cli/words.h"

namespace mortise::cli {

using Verb = Arguments::Verb;

CLI::App* add(CLI::App& parent, Arguments& arguments, Verb verb, const Page& page) {
  CLI::App* command = parent.add_subcommand(page.word, page.summary);
  std::string footer = *page.more == '\0' ? std::string() : "\n" + std::string(page.more) + "\n";
  footer += "\nExamples:\n" + std::string(page.examples) +
            "\n\n--data-dir, --config and --option may be given, too; see mortise --help.";
  command->footer(footer);
  command->callback([&arguments, verb] { arguments.verb = verb; });
  command->add_flag("--json", arguments.json, "Print one JSON document instead of text");
  return command;
}

namespace {

void add_serve(CLI::App& program, Arguments& arguments) {
  CLI::App* serve =
      add(program, arguments, Verb::serve,
          {"serve", "Run the server in the foreground",
           "It owns the data folder until it ends. Its ready line on standard output says where it listens.\n"
           "SIGTERM and SIGINT let running work finish first (server.drain_timeout); a second one does not.",
           "  mortise serve                          on http://127.0.0.1:8080 and :8001\n"
           "  mortise serve --port 9000              on one port\n"
           "  mortise serve --port 0                 on any free port\n"
           "  mortise serve --host ::1 --port 8080 --data-dir /var/lib/mortise"});
  serve->add_option("--host", arguments.hosts, "Address of this machine to listen on (repeatable; default 127.0.0.1)")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  serve->add_option("--port", arguments.ports, "Port, 0 for any free one (repeatable; default 8080 and 8001)")
      ->type_name("PORT")
      ->allow_extra_args(false);
}

void add_run(CLI::App& program, Arguments& arguments) {
  CLI::App* run =
      add(program, arguments, Verb::run,
          {"run", "Run one pipeline and show its progress",
           "It runs in the server of the data folder, else in this process. Ctrl-C cancels it, and so does\n"
           "`mortise runs cancel` from another shell. Relative paths start at the present folder.",
           "  mortise run weather.yaml\n"
           "  mortise run weather.yaml --set city=Seattle --set limit=10\n"
           "  mortise run weather.yaml --dry-run      check every step, run none\n"
           "  mortise run weather.yaml --json | jq .data.context\n"
           "  mortise run nightly --detach            a pipeline the server knows by name"});
  run->add_option("PIPELINE", arguments.pipeline, "A pipeline file, or the name of a pipeline that is known")
      ->required();
  run->add_option("--name", arguments.name, "Which pipeline of a file that holds several")->type_name("NAME");
  run->add_option("--set", arguments.set, "An entry of the context; read as JSON, else as text (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  run->add_flag("--dry-run", arguments.dry_run, "Validate every step and run none");
  run->add_flag("--trace", arguments.trace, "Show the context's keys and kinds after each step");
  run->add_flag("--detach", arguments.detach, "Start it in the running server, print its id and return");
}

void add_runs(CLI::App& program, Arguments& arguments) {
  CLI::App* runs = program.add_subcommand("runs", "Look at runs, present and past, and cancel them");
  runs->require_subcommand(1);
  CLI::App* list = add(*runs, arguments, Verb::runs_list,
                       {"list", "List runs, newest first", "",
                        "  mortise runs list\n"
                        "  mortise runs list --state running\n"
                        "  mortise runs list --limit 5 --json"});
  list->add_option("--state", arguments.state, "Only runs in this state")
      ->type_name("STATE")
      ->check(CLI::IsMember({"queued", "running", "succeeded", "failed", "cancelled", "interrupted"}));
  list->add_option("--limit", arguments.limit, "At most so many")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  CLI::App* show = add(*runs, arguments, Verb::runs_show,
                       {"show", "Show one run with its steps, times, rows and errors", "",
                        "  mortise runs show run_01K9ZC2Y3V8Q4M7T5R6W1X0ABC"});
  show->add_option("RUN", arguments.run_id, "The run's id")->required();
  CLI::App* logs = add(*runs, arguments, Verb::runs_logs,
                       {"logs", "Print what the steps of a run logged", "",
                        "  mortise runs logs run_01K9ZC2Y3V8Q4M7T5R6W1X0ABC\n"
                        "  mortise runs logs --follow run_01K9ZC2Y3V8Q4M7T5R6W1X0ABC"});
  logs->add_option("RUN", arguments.run_id, "The run's id")->required();
  logs->add_flag("--follow", arguments.follow, "Go on until the run ends");
  CLI::App* cancel = add(*runs, arguments, Verb::runs_cancel,
                         {"cancel", "Cancel a run that is in progress",
                          "Its open calls are asked to stop, and killed if they do not; no further step is started.",
                          "  mortise runs cancel run_01K9ZC2Y3V8Q4M7T5R6W1X0ABC --reason 'wrong input'"});
  cancel->add_option("RUN", arguments.run_id, "The run's id")->required();
  add_runs_again(*runs, arguments);
  cancel->add_option("--reason", arguments.reason, "Why, for the record")->type_name("TEXT");
}

void add_plugin(CLI::App& program, Arguments& arguments) {
  CLI::App* plugin = program.add_subcommand("plugin", "Install plugins, look at those that are there, and say what they may do");
  plugin->require_subcommand(1);
  add(*plugin, arguments, Verb::plugin_list,
      {"list", "List plugins", "", "  mortise plugin list\n  mortise plugin list --json"});
  CLI::App* show = add(*plugin, arguments, Verb::plugin_show,
                       {"show", "Show one plugin with all of its options", "", "  mortise plugin show Input.file"});
  show->add_option("PLUGIN", arguments.plugin, "Its id or one of its other names")->required();
  CLI::App* health =
      add(*plugin, arguments, Verb::plugin_health,
          {"health", "Ask plugins whether they are well",
           "Each is started for that if it does not run. The exit status is 1 when one is not well. The server\n"
           "asks those that are in use by itself, too (plugins.health_interval).",
           "  mortise plugin health\n  mortise plugin health Input.file --json"});
  health->add_option("PLUGIN", arguments.plugin, "One plugin (default: all)");
  CLI::App* scan =
      add(*plugin, arguments, Verb::plugin_scan,
          {"scan", "Look into a package before anything of it runs",
           "Its sources are parsed, its compiled files read, its manifest checked; a signature beside an archive\n"
           "(FILE.minisig) is verified with the keys given. The exit status is 1 when it is unsafe.",
           "  mortise plugin scan my_plugin/\n  mortise plugin scan my_plugin-1.0.0.tar.gz --key publisher.pub"});
  scan->add_option("PACKAGE", arguments.file, "A folder or an archive (tar.gz, tar.zst, zip)")->required();
  scan->add_option("--key", arguments.keys, "A publisher's public key; may be given again")->type_name("FILE");
  CLI::App* pack =
      add(*plugin, arguments, Verb::plugin_pack,
          {"pack", "Pack a plugin's folder into NAME-VERSION.tar.gz",
           "The same files give the same bytes. The signature is one that the program minisign verifies, too.",
           "  mortise plugin pack my_plugin/\n  mortise plugin pack my_plugin/ --output dist --sign me.key"});
  pack->add_option("FOLDER", arguments.file, "The folder with manifest.json")->required();
  pack->add_option("--output", arguments.output, "Where the archive goes (default: here)")->type_name("FOLDER");
  pack->add_option("--sign", arguments.sign, "Sign it with this secret key")->type_name("FILE");
  pack->add_flag("--password", arguments.password, "The key has a password, on standard input");
  CLI::App* keygen = add(*plugin, arguments, Verb::plugin_keygen,
                         {"keygen", "Make a pair of keys to sign packages with", "They are keys of minisign: FILE.key and FILE.pub.",
                          "  mortise plugin keygen ~/keys/me"});
  keygen->add_option("FILE", arguments.file, "Their name, without an ending")->required();
  keygen->add_flag("--password", arguments.password, "Protect the secret key with a password, on standard input");
  add_packages(*plugin, arguments);
  add_sbom(*plugin, arguments);
  add_plugin_test(*plugin, arguments);
  CLI::App* stats =
      add(*plugin, arguments, Verb::plugin_stats,
          {"stats", "Show what plugins use and how their calls end",
           "Since the server started: calls, how those ended that failed, the time within which half of them and 95 and\n"
           "99 of 100 stayed, processor time and memory of the workers with all they start, restarts and quarantine.",
           "  mortise plugin stats\n  mortise plugin stats Input.file --json"});
  stats->add_option("PLUGIN", arguments.plugin, "One plugin (default: all that were called)");
  CLI::App* reload =
      add(*plugin, arguments, Verb::plugin_reload,
          {"reload", "Load a plugin anew whose files changed, while the server works",
           "No call is dropped: those that run end on the present code, later ones begin on the new. When the new code\n"
           "does not start, the present one stays and this says why. The server does it by itself with plugins.watch.",
           "  mortise plugin reload Input.file"});
  reload->add_option("PLUGIN", arguments.plugin, "Its id or one of its other names")->required();
  CLI::App* release = add(*plugin, arguments, Verb::plugin_release,
                          {"release", "End the quarantine of a plugin that failed",
                           "It may be called at once, and its failures are counted from none.",
                           "  mortise plugin release Input.file"});
  release->add_option("PLUGIN", arguments.plugin, "Its id or one of its other names")->required();
  add_permissions(*plugin, arguments);
}

void add_rest(CLI::App& program, Arguments& arguments) {
  CLI::App* doctor =
      add(program, arguments, Verb::doctor,
          {"doctor", "Examine this machine, or one plugin that is not found",
           "It tells what Mortise needs and finds, how plugins are isolated and who owns the data folder. With the\n"
           "folder of a plugin it tells why that one is not found or does not run: where it lies, what its manifest\n"
           "says, whether it was built. The exit status is 1 when something is missing.",
           "  mortise doctor\n  mortise doctor --json\n  mortise doctor plugins/resize"});
  doctor->add_option("FOLDER", arguments.folder, "The folder of a plugin");
  CLI::App* level =
      add(program, arguments, Verb::log_level,
          {"log-level", "Show or change how much the running server logs",
           "The change holds until the server ends or reads its configuration again (SIGHUP); logging.level and\n"
           "logging.levels are what it starts with.",
           "  mortise log-level\n"
           "  mortise log-level debug\n"
           "  mortise log-level debug --for http              one room of the program\n"
           "  mortise log-level debug --for Input.file        one plugin\n"
           "  mortise log-level --for Input.file --reset"});
  level->add_option("LEVEL", arguments.level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  level->add_option("--for", arguments.part, "Of this part alone: http, jobs, runtime, plugins, app or a plugin's id")
      ->type_name("NAME");
  level->add_flag("--reset", arguments.follow_whole, "The part has no level of its own any more");
  add(program, arguments, Verb::quickstart,
      {"quickstart", "See it work on four years of Seattle's weather",
       "It leaves its report in ./quickstart and stays as a server. With MORTISE_ONCE=1 in the environment it ends\n"
       "once the report is written.",
       "  mortise quickstart\n  MORTISE_ONCE=1 mortise quickstart"});
}

void add_common(CLI::App& program, Arguments& arguments) {
  program
      .add_option("--data-dir", arguments.data_dir,
                  "Folder of the host's state (default .mortise; env MORTISE_DATA_DIR)")
      ->type_name("FOLDER");
  program
      .add_option("--config", arguments.config,
                  "Configuration file, .yaml or .toml (default mortise.yaml or mortise.toml, if there)")
      ->type_name("FILE")
      ->envname("MORTISE_CONFIG");
  program
      .add_option("-o,--option", arguments.options,
                  "A key of the configuration; see `mortise config keys` (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  program.add_flag_callback(
      "--version", [&arguments] { arguments.verb = Verb::version; }, "Print the version");
  program.fallthrough();  // these may come after the verb, too
}

// The page of the verb that was typed last, under its whole name.
std::string help_of(const CLI::App& program) {
  const CLI::App* place = &program;
  std::string before;
  while (!place->get_subcommands().empty()) {
    before += (before.empty() ? "" : " ") + place->get_name();
    place = place->get_subcommands().front();
  }
  return place->help(before);
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

std::vector<std::string> verbs_of(const CLI::App& place) {
  std::vector<std::string> names;
  for (const CLI::App* verb : place.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& place) {
  std::vector<std::string> names;
  for (const CLI::App* level = &place; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options([](const CLI::Option*) { return true; })) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    }
  }
  return names;
}

bool takes_value(const CLI::App& place, const std::string& option) {
  for (const CLI::App* level = &place; level != nullptr; level = level->get_parent()) {
    const CLI::Option* found = level->get_option_no_throw(option);
    if (found != nullptr) return found->get_type_size() != 0 && option.find('=') == std::string::npos;
  }
  return false;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known, const std::string& page) {
  const auto near = nearest(word, views_of(known));
  return (near ? "did you mean '" + *near + "'? " : "") + "see " + page + " --help";
}

// Walks along the words to the first one that does not belong, and says so better than the parser does.
Error usage_error(const CLI::App& program, const CLI::ParseError& failure, const std::vector<std::string>& typed) {
  const CLI::App* place = &program;
  std::string page = "mortise";
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const std::string& word = typed[i];
    if (word.starts_with('-')) {
      const std::vector<std::string> known = options_of(*place);
      const bool is_known = std::find(known.begin(), known.end(), word.substr(0, word.find('='))) != known.end();
      if (!is_known)
        return Error(Code::invalid, page + " has no option '" + word + "'", did_you_mean(word, known, page))
            .with("got", word);
      if (takes_value(*place, word)) ++i;
      continue;
    }
    const std::vector<std::string> verbs = verbs_of(*place);
    if (verbs.empty()) continue;  // an argument of the verb
    if (std::find(verbs.begin(), verbs.end(), word) == verbs.end()) {
      return Error(Code::invalid, "'" + word + "' is not a verb of " + page, did_you_mean(word, verbs, page))
          .with("got", word);
    }
    place = place->get_subcommand(word);
    page += " " + word;
  }
  std::string message = failure.what();
  std::replace(message.begin(), message.end(), '\n', ' ');
  return Error(Code::invalid, page + ": " + message, "see " + page + " --help");
}

}  // namespace

namespace {

// All words of the program, writing into `arguments`.
void describe(CLI::App& program, Arguments& arguments, const Guests& guests) {
  program.get_formatter()->column_width(34);
  program.footer(
      "\nExamples:\n"
      "  mortise quickstart                     see it work on real data\n"
      "  mortise serve                          the server, on http://127.0.0.1:8080\n"
      "  mortise run pipeline.yaml              one pipeline\n"
      "  mortise plugin show Input.file         a plugin and its options\n\n"
      "mortise VERB --help tells more about each. Exit statuses: 0 done, 64 invalid, 66 not found, 65 conflict, 77 "
      "denied,\n"
      "69 unsupported, 75 busy, 124 timeout, 130 cancelled, 70 a plugin failed, 71 a defect of mortise.");
  program.require_subcommand(0, 1);
  add_common(program, arguments);
  add_serve(program, arguments);
  add_run(program, arguments);
  add_runs(program, arguments);
  add_plugin(program, arguments);
  add_marketplace(program, arguments);
  add_rest(program, arguments);
  add_projects(program, arguments);
  add_jobs(program, arguments);
  add_operation(program, arguments);
  add_guests(program, arguments, guests);
}

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of('\n'));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// "{read,run,operate,admin}" is how CLI11 names a choice.
std::vector<std::string> choices_of(const CLI::Option& option) {
  std::vector<std::string> choices;
  const std::string name = option.get_type_name();
  const std::size_t begin = name.find('{'), end = name.find('}');
  if (begin == std::string::npos || end == std::string::npos) return choices;
  for (std::size_t at = begin + 1; at < end;) {
    const std::size_t comma = std::min(name.find(',', at), end);
    choices.push_back(name.substr(at, comma - at));
    at = comma + 1;
  }
  return choices;
}

Word word_of(const CLI::App& app) {
  Word word{app.get_name(), app.get_description(), trimmed(app.get_footer()), {}, {}, {}};
  for (const CLI::Option* option : app.get_options([](const CLI::Option*) { return true; })) {
    Word::Option made{{}, {}, option->get_description(), choices_of(*option)};
    if (option->get_positional()) {
      made.names = {option->get_name(true, false)};
      word.arguments.push_back(std::move(made));
      continue;
    }
    for (const std::string& name : option->get_lnames()) made.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) made.names.push_back("-" + name);
    if (option->get_type_size() != 0) made.value = option->get_type_name().substr(0, option->get_type_name().find(':'));
    word.options.push_back(std::move(made));
  }
  for (const CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; }))
    word.words.push_back(word_of(*below));
  return word;
}

}  // namespace

Word program_words(const Guests& guests) {
  Arguments arguments;
  CLI::App program("Mortise: one host for plugins that work on data and models", "mortise");
  describe(program, arguments, guests);
  return word_of(program);
}

std::variant<Arguments, Printed> parse_arguments(int argc, const char* const* argv, const Guests& guests) {
  Arguments arguments;
  CLI::App program("Mortise: one host for plugins that work on data and models", "mortise");
  describe(program, arguments, guests);
  const std::vector<std::string> words = guest_words({argv, argv + argc}, guests);
  std::vector<const char*> typed;
  for (const std::string& word : words) typed.push_back(word.c_str());
  if (typed.size() > 1 && std::string_view(typed[1]) == "help") {  // `mortise help run` is `mortise run --help`
    typed.erase(typed.begin() + 1);
    typed.push_back("--help");
  }
  if (typed.size() <= 1) return Printed{program.help()};
  try {
    program.parse(static_cast<int>(typed.size()), typed.data());
    if (program.get_subcommands().empty() && program.count("--version") == 0) return Printed{program.help()};
    return arguments;
  } catch (const CLI::CallForHelp&) {
    return Printed{help_of(program)};
  } catch (const CLI::ParseError& failure) {
    throw usage_error(program, failure, {typed.begin() + 1, typed.end()});
  }
}

}  // namespace mortise::cli
