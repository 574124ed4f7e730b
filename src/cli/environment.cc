#include <cstdlib>

#include "base/error.h"
#include "cli/chosen_plugins.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {
namespace {

std::string packages_text(const Value& environment) {
  std::string text;
  for (const Value& one : list_in(environment, "packages").items())
    text.append(text.empty() ? "" : ", ").append(text_in(one, "name")).append(" ").append(text_in(one, "version"));
  return text;
}

std::string names_text(const Value& list) {
  std::string text;
  for (const Value& one : list.items()) text.append(text.empty() ? "" : ", ").append(one.as_string());
  return text;
}

Value build_for(const Client& client, const std::string& plugin) {
  return client
      .ask({.method = "POST", .target = "/api/v1/environments", .body = data::to_json(Value::map({{"plugin", plugin}}))})
      .value();
}

}  // namespace

int list_environments(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value all = owner.client().get("/api/v1/environments");
  if (tools.arguments.json) return print(json_text(all)), EXIT_SUCCESS;
  std::vector<std::vector<std::string>> rows{{"KEY", "LANGUAGE", "BYTES", "USED", "PACKAGES"}};
  for (const Value& one : all.items()) {
    rows.push_back({text_in(one, "key"), text_in(one, "language"), count_text(integer_in(one, "bytes")),
                    text_in(one, "used"), packages_text(one)});
  }
  print(rows.size() > 1 ? table(rows) : "no environments: no plugin needed a package that its interpreter lacks\n");
  return EXIT_SUCCESS;
}

// Of one plugin, or of all: then each that fails is told, and the exit status is 1.
int build_environments(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const std::string& wanted = tools.arguments.plugin;
  if (!wanted.empty()) {
    const Value made = build_for(owner.client(), wanted);
    const std::string key = text_in(made, "key");
    print(tools.arguments.json ? json_text(made)
                               : key.empty() ? text_in(made, "plugin") + " needs none\n" : text_in(made, "folder") + "\n");
    return EXIT_SUCCESS;
  }
  Value report = Value::list();
  bool well = true;
  std::string text;
  for (const std::string& id : chosen_plugins(owner.client(), "")) {
    try {
      const Value made = build_for(owner.client(), id);
      if (text_in(made, "key").empty()) continue;
      text += id + ": " + text_in(made, "folder") + "\n";
      report.push_back(made);
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      well = false;
      text += id + ": " + harmless(error.what()) + "\n";
      report.push_back(Value::map({{"plugin", id}, {"error", error.what()}, {"hint", error.hint()}}));
    }
  }
  print(tools.arguments.json ? json_text(report) : text.empty() ? "no plugin needs one\n" : text);
  return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

int remove_environment(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const std::string& key = tools.arguments.project.environment;
  const Value answer =
      owner.client().ask({.method = "DELETE", .target = "/api/v1/environments/" + path_segment(key)}).value();
  print(tools.arguments.json ? json_text(answer) : "removed " + text_in(answer, "removed") + "\n");
  return EXIT_SUCCESS;
}

int collect_environments(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().ask({.method = "POST", .target = "/api/v1/environments/collect"}).value();
  const std::string gone = names_text(list_in(answer, "removed"));
  print(tools.arguments.json ? json_text(answer) : gone.empty() ? "none has been unused for so long\n" : "removed " + gone + "\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
