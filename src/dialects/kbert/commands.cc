#include "dialects/kbert/commands.h"

#include <cstdlib>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"
#include "dialects/core/projects.h"
#include "os/paths.h"

namespace mortise::dialects::kbert {
namespace {

using namespace cli;

Value ask(const Tools& tools, const char* what, Value body) {
  body.set("folder", os::absolute("."));
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  return dialects::ask(owner.client(), "kbert", what, body);
}

Value call(const Tools& tools, const std::string& name, const std::string& method, Value input = {}) {
  const Value answer =
      ask(tools, "call", Value::map({{"name", name}, {"method", method}, {"input", std::move(input)}}));
  return *answer.find("result");
}

std::string table_of(const Value& plugins) {
  std::vector<std::vector<std::string>> rows{{"NAME", "CATEGORY", "VERSION", "STATE", "ERROR"}};
  for (const Value& each : plugins.items()) {
    rows.push_back({text_in(each, "name"), text_in(each, "category"), text_in(each, "version"), text_in(each, "state"),
                    text_in(each, "error", "-").substr(0, 160)});
  }
  return table(rows);
}

int list_all(const Tools& tools, const GuestInput&) {
  const Value answer = ask(tools, "plugins", Value::map());
  complain_about(answer);
  print(tools.arguments.json ? json_text(answer) : table_of(list_in(answer, "plugins")));
  return EXIT_SUCCESS;
}

int show(const Tools& tools, const GuestInput& input) {
  const Value answer = ask(tools, "plugins", Value::map({{"name", input.text("NAME")}}));
  print(json_text(list_in(answer, "plugins").items().front()));
  return EXIT_SUCCESS;
}

// Everything that is wrong: files that do not load, plugins that failed, names in the settings that are none.
int validate(const Tools& tools, const GuestInput&) {
  const Value answer = ask(tools, "plugins", Value::map());
  complain_about(answer);
  bool good = list_in(answer, "problems").size() == 0;
  for (const Value& each : list_in(answer, "plugins").items()) {
    if (text_in(each, "state") != "FAILED") continue;
    good = false;
    complain("mortise: " + harmless(text_in(each, "name")) + ": " + harmless(text_in(each, "error")) + "\n");
  }
  if (tools.arguments.json)
    print(json_text(answer));
  else if (good)
    print(std::to_string(list_in(answer, "plugins").size()) + " plugins, nothing wrong\n");
  return good ? EXIT_SUCCESS : meaning(Code::plugin).exit_status;
}

int call_method(const Tools& tools, const GuestInput& input) {
  Value given;
  if (input.has("INPUT")) given = data::parse_json(input.text("INPUT"), {}, "INPUT");
  print(json_text(call(tools, input.text("NAME"), input.text("METHOD"), std::move(given))));
  return EXIT_SUCCESS;
}

int build(const Tools& tools, const GuestInput& input) {
  Value config = Value::map();
  if (input.has("CONFIG")) config = data::parse_json(input.text("CONFIG"), {}, "CONFIG");
  print(json_text(call(tools, input.text("NAME"), "build_model", Value::map({{"config", std::move(config)}}))));
  return EXIT_SUCCESS;
}

int start(const Tools& tools, const GuestInput& input) {
  print(json_text(call(tools, input.text("NAME"), "start")));
  return EXIT_SUCCESS;
}

int stop(const Tools& tools, const GuestInput& input) {
  print(json_text(call(tools, input.text("NAME"), "stop")));
  return EXIT_SUCCESS;
}

// A command that a plugin brings.
int run(const Tools& tools, const GuestInput& input) {
  const std::string name = input.text("COMMAND");
  const Value listed = ask(tools, "plugins", Value::map({{"name", name}}));
  if (text_in(list_in(listed, "plugins").items().front(), "category") != "command") {
    throw Error(Code::invalid, "plugin '" + name + "' is no command",
                "`mortise kbert call " + name + " METHOD` calls a method of it");
  }
  Value words = Value::list();
  for (const std::string& word : input.rest) words.push_back(word);
  const Value done = call(tools, name, "run", Value::map({{"arguments", std::move(words)}}));
  print(text_in(done, "output"));
  if (const Value* result = done.find("result"); result != nullptr && !result->is_null())
    print(result->is(Kind::string) ? std::string(result->as_string()) + "\n" : json_text(*result));
  return static_cast<int>(integer_in(done, "status"));
}

const GuestOption name_argument{"NAME", "", "The plugin", {}, true};

}  // namespace

cli::Guests words() {
  cli::Guests guests;
  guests.groups = {{"kbert", "Plugins written for k-bert, and the commands they bring", "run"}};
  guests.verbs = {
      {.words = {"kbert", "list"},
       .summary = "List the plugins of the project, each brought up as k-bert.yaml says",
       .more = "",
       .examples = "  mortise kbert list\n  mortise kbert list --json",
       .run = list_all},
      {.words = {"kbert", "show"},
       .summary = "Show one plugin with its description, state and error",
       .more = "",
       .examples = "  mortise kbert show my_plugin",
       .arguments = {name_argument},
       .run = show},
      {.words = {"kbert", "validate"},
       .summary = "Bring up every plugin and name everything that is wrong",
       .more = "The exit status is 70 when something is.",
       .examples = "  mortise kbert validate",
       .run = validate},
      {.words = {"kbert", "call"},
       .summary = "Call a method of a plugin",
       .more = "INPUT is JSON. A map whose keys are the method's parameters becomes keyword arguments; `forward` is "
               "__call__.",
       .examples = "  mortise kbert call my_plugin process '\"hello\"'\n"
                   "  mortise kbert call my_augmenter augment '{\"data\": [\"a b\"], \"training\": false}'",
       .arguments = {name_argument, {"METHOD", "", "Its method", {}, true}, {"INPUT", "", "What it gets, as JSON"}},
       .run = call_method},
      {.words = {"kbert", "build"},
       .summary = "Build a model with a model plugin",
       .more = "",
       .examples = "  mortise kbert build custom_model '{\"num_layers\": 2}'",
       .arguments = {name_argument, {"CONFIG", "", "What differs from the plugin's defaults, as JSON"}},
       .run = build},
      {.words = {"kbert", "start"},
       .summary = "Start a plugin in the running server",
       .more = "",
       .examples = "  mortise kbert start my_plugin",
       .arguments = {name_argument},
       .run = start},
      {.words = {"kbert", "stop"},
       .summary = "Stop a plugin in the running server",
       .more = "",
       .examples = "  mortise kbert stop my_plugin",
       .arguments = {name_argument},
       .run = stop},
      {.words = {"kbert", "run"},
       .summary = "Run a command that a plugin of category `command` brings",
       .more = "`mortise kbert COMMAND ...` is short for it.",
       .examples = "  mortise kbert run hello world\n  mortise kbert hello world",
       .arguments = {{"COMMAND", "", "The plugin's name", {}, true}},
       .passes_words_on = true,
       .run = run}};
  return guests;
}

}  // namespace mortise::dialects::kbert
