#include <cstdlib>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {
namespace {

std::string value_text(const Value& value) {
  if (value.is(Kind::string)) return value.as_string().empty() ? "\"\"" : std::string(value.as_string());
  std::string text = data::to_json(value);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

std::string origin_text(const Value& value) {
  const std::string source = text_in(value, "source"), place = text_in(value, "place");
  return source == "file" ? place : place.empty() ? source : source + " (" + place + ")";
}

}  // namespace

int show_configuration(const Tools& tools) {
  Value shown;
  if (tools.arguments.running) {
    shown = require_server(tools)->get("/api/v1/config");
  } else {
    shown = tools.maker.configuration(tools.options);
  }
  if (tools.arguments.json) return print(json_text(shown)), EXIT_SUCCESS;
  const std::string file = text_in(shown, "file");
  std::vector<std::vector<std::string>> rows{{"KEY", "VALUE", "FROM"}};
  for (const Value& value : list_in(shown, "values").items()) {
    rows.push_back({text_in(value, "key"), value_text(value.at("value")), origin_text(value)});
  }
  print((file.empty()
             ? std::string("no configuration file; mortise.yaml or mortise.toml of the present folder is read\n\n")
             : file + "\n\n") +
        table(rows));
  return EXIT_SUCCESS;
}

int check_configuration(const Tools& tools) {
  const Value report = tools.maker.check_configuration(tools.options);
  const bool valid = flag_in(report, "valid");
  const int status = valid ? EXIT_SUCCESS : meaning(Code::invalid).exit_status;
  if (tools.arguments.json) return print(json_text(report)), status;
  for (const Value& problem : list_in(report, "problems").items()) complain(error_text(error_from(problem), 2));
  for (const Value& note : list_in(report, "notes").items())
    complain("mortise: note: " + std::string(note.as_string()) + "\n");
  const std::string file = text_in(report, "file");
  if (valid) print((file.empty() ? std::string("the defaults") : file) + ": all is well\n");
  return status;
}

int list_configuration_keys(const Tools& tools) {
  const Value all = tools.maker.configuration_keys();
  if (tools.arguments.json) return print(json_text(all)), EXIT_SUCCESS;
  std::vector<std::vector<std::string>> rows{{"KEY", "KIND", "DEFAULT", "CHANGES", "MEANING"}};
  for (const Value& key : all.items()) {
    rows.push_back({text_in(key, "key"), text_in(key, "kind"), text_in(key, "default"), text_in(key, "change"),
                    text_in(key, "meaning")});
  }
  print(table(rows));
  return EXIT_SUCCESS;
}

int reload_configuration(const Tools& tools) {
  const Value report = require_server(tools)->ask({.method = "POST", .target = "/api/v1/config/reload"}).value();
  if (tools.arguments.json) return print(json_text(report)), EXIT_SUCCESS;
  const std::string changed = joined(list_in(report, "changed")), restart = joined(list_in(report, "restart"));
  print("read again; " + (changed.empty() ? std::string("nothing changed") : "changed: " + changed) +
        (restart.empty() ? "" : "; at the next start: " + restart) + "\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
