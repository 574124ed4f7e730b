#include <cstdlib>

#include "cli/chosen_plugins.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/permissions.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {
namespace {

void add_fact(std::string& text, std::string_view name, const std::string& fact) {
  if (fact.empty()) return;
  text.append("  ").append(name).append(16 - name.size(), ' ').append(harmless(fact)).append("\n");
}

// Bounds are kept as floating point; most are whole.
std::string bound_text(const Value& bound) {
  const std::string text = data::to_json(bound);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

std::string option_text(std::string_view name, const Value& option) {
  std::string text = "  " + toned(Tone::strong, name, 1) + " (" + text_in(option, "type", "any");
  if (flag_in(option, "required")) text += ", required";
  if (flag_in(option, "secret")) text += ", secret";
  if (const Value* value = option.find("default"); value != nullptr && !value->is_null())
    text += ", default " + data::to_json(*value);
  if (option.has("enum")) text += ", one of " + data::to_json(option.at("enum"));
  const std::pair<const char*, const char*> bounds[] = {{"minimum", "at least "},
                                                        {"exclusive_minimum", "more than "},
                                                        {"maximum", "at most "},
                                                        {"exclusive_maximum", "less than "}};
  for (const auto& [key, words] : bounds) {
    if (const Value* value = option.find(key)) text += std::string(", ") + words + bound_text(*value);
  }
  text += ")\n";
  const std::string description = text_in(option, "description");
  return description.empty() ? text : text + "      " + harmless(description) + "\n";
}

std::string page(const Value& plugin) {
  std::string text = toned(Tone::strong, harmless(text_in(plugin, "id")), 1) + " " + text_in(plugin, "version") + "\n";
  if (const std::string what = text_in(plugin, "description"); !what.empty()) text += harmless(what) + "\n";
  text += "\n";
  add_fact(text, "language", text_in(plugin, "language"));
  add_fact(text, "extends", joined(list_in(plugin, "extension_points")));
  add_fact(text, "also known as", joined(list_in(plugin, "aliases")));
  add_fact(text, "runs",
           text_in(plugin, "trust") == "in_process" ? "in the host's own process (trusted)" : "in a worker process");
  if (!flag_in(plugin, "enabled")) add_fact(text, "state", text_in(plugin, "why"));
  add_fact(text, "state", quarantine_text(map_in(plugin, "quarantine")));
  add_fact(text, "last error", text_in(map_in(plugin, "quarantine"), "last_error"));
  text += access_text(map_in(plugin, "access"));
  add_fact(text, "author", text_in(plugin, "author"));
  add_fact(text, "license", text_in(plugin, "license"));
  add_fact(text, "folder", text_in(plugin, "folder"));
  const Value& options = map_in(plugin, "config");
  text += options.members().empty() ? "\nIt has no options.\n" : "\nOptions:\n";
  for (const Member& option : options.members()) {
    if (option.value().is(Kind::map)) text += option_text(option.key(), option.value());
  }
  return text;
}

// What keeps the plugin from being used goes before its health.
std::string state_of(const Value& plugin) {
  if (!flag_in(plugin, "enabled")) return text_in(plugin, "why").starts_with("Plugin is not enabled") ? "disabled" : "cannot be used";
  const std::string rests = quarantine_text(map_in(plugin, "quarantine"));
  return rests.empty() ? text_in(map_in(plugin, "health"), "status") : rests;
}

}  // namespace

int list_plugins(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value plugins = owner.client().get("/api/v1/plugins?all=true");
  if (tools.arguments.json) {
    print(json_text(plugins));
    return EXIT_SUCCESS;
  }
  std::vector<std::vector<std::string>> rows{{"PLUGIN", "VERSION", "DIALECT", "LANGUAGE", "STATE", "RUNS IN", "PERMISSIONS", "DESCRIPTION"}};
  for (const Value& plugin : plugins.items()) {
    const std::string permissions = joined(list_in(plugin, "permissions")), state = state_of(plugin);
    rows.push_back({text_in(plugin, "id"), text_in(plugin, "version"), text_in(plugin, "dialect"), text_in(plugin, "language"),
                    state, text_in(plugin, "trust") == "in_process" ? "host" : "worker",
                    permissions.empty() ? "-" : permissions, state == "cannot be used" ? text_in(plugin, "why") : text_in(plugin, "description")});
  }
  print(rows.size() > 1 ? table(rows)
                        : "no plugins; plugins.directories in the configuration says where they are looked for\n");
  return EXIT_SUCCESS;
}

int show_plugin(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value plugin = owner.client().get("/api/v1/plugins/" + path_segment(tools.arguments.plugin));
  print(tools.arguments.json ? json_text(plugin) : page(plugin));
  return EXIT_SUCCESS;
}

int check_plugins(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const std::vector<std::string> ids = chosen_plugins(owner.client(), tools.arguments.plugin);
  bool well = true;
  Value report = Value::map();
  std::vector<std::vector<std::string>> rows{{"PLUGIN", "STATUS", "TIME", "MESSAGE"}};
  for (const std::string& id : ids) {
    const Value health =
        owner.client().ask({.method = "POST", .target = "/api/v1/plugins/" + path_segment(id) + "/health"}).value();
    well = well && text_in(health, "status") == "healthy";
    rows.push_back({id, text_in(health, "status"), duration_text(number_in(health, "elapsed_ms") / 1000),
                    text_in(health, "message")});
    report.set(id, health);
  }
  print(tools.arguments.json ? json_text(report) : table(rows));
  return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace mortise::cli
