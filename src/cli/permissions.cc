#include "cli/permissions.h"

#include <algorithm>
#include <cstdlib>

#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {
namespace {

constexpr std::size_t name_width = 16;

std::string line(std::string_view name, const std::string& fact) {
  if (fact.empty()) return {};
  return "  " + std::string(name) + std::string(name_width - name.size(), ' ') + harmless(fact) + "\n";
}

std::string decisions_text(const Value& decisions) {
  std::string text;
  for (const Value& one : decisions.items()) {
    text += line(text_in(one, "verdict"), text_in(one, "permission") + "   by " + text_in(one, "by") + ", " + text_in(one, "when"));
  }
  return text;
}

// "memory 512.0 MiB (operator), processors 0.5"
std::string limits_text(const Value& limits) {
  std::string text;
  const Value& set_by = map_in(limits, "set_by");
  for (const Member& limit : limits.members()) {
    if (limit.value().is_null() || limit.value().is(Kind::map)) continue;
    const std::string name(limit.key());
    const std::string amount = name == "memory"     ? std::to_string(integer_in(limits, name) >> 20) + " MiB"
                               : name == "deadline" ? duration_text(number_in(limits, name))
                                                    : data::to_json(limit.value());
    text += (text.empty() ? "" : ", ") + name + " " + amount;
    if (set_by.has(name)) text += " (set by the operator)";
  }
  return text.empty() ? "the host's" : text;
}

int decide(const Tools& tools, const char* what, const Value& body) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const std::string path = "/api/v1/plugins/" + path_segment(tools.arguments.plugin) + "/" + what;
  const Value page = owner.client().ask({.method = "POST", .target = path, .body = data::to_json(body)}).value();
  print(tools.arguments.json ? json_text(page)
                             : toned(Tone::strong, harmless(text_in(page, "plugin")), 1) + "\n" + access_text(page));
  return EXIT_SUCCESS;
}

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

}  // namespace

std::string access_text(const Value& access) {
  const bool in_process = flag_in(map_in(access, "trust"), "in_process");
  std::string text = line("declared", joined(list_in(access, "declared")));
  text += decisions_text(list_in(access, "decisions"));
  text += line("waiting", joined(list_in(access, "waiting")));
  const std::string effective = joined(list_in(access, "effective"));
  text += line("may", in_process ? "all that the host may: it runs in the host's own process"
                                 : effective.empty() ? "only work on the data it is given" : effective);
  return text + line("limits", limits_text(map_in(access, "limits")));
}

int grant_permissions(const Tools& tools) {
  Value body = Value::map();
  body.set(tools.arguments.revoke ? "revoke" : "grant", texts(tools.arguments.permissions));
  return decide(tools, "permissions", body);
}

// "memory=1GiB" sets, "memory=" takes back.
int set_limits(const Tools& tools) {
  Value body = Value::map();
  for (const std::string& text : tools.arguments.limits) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string value = equals < text.size() ? text.substr(equals + 1) : std::string();
    body.set(text.substr(0, equals), value.empty() ? Value() : Value(value));
  }
  return decide(tools, "limits", body);
}

int trust_plugin(const Tools& tools) {
  return decide(tools, "trust", Value::map({{"in_process", !tools.arguments.revoke}}));
}

}  // namespace mortise::cli
