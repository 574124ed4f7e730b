// What a plugin may do, looked at by whoever may look at plugins and decided on by the operator alone.
#include <algorithm>

#include "base/error.h"
#include "http/api.h"
#include "http/openapi.h"
#include "http/permission_page.h"
#include "plugin/registry.h"

namespace mortise::http {
namespace {

using namespace schema;
using plugin::Permission;
using plugin::Verdict;

constexpr std::size_t most_at_once = 100;

const Parameter which_plugin{"id", "its id or another of its names", string()};

plugin::Registry::Entry plugin_of(const Api& api, const Request& request) {
  return api.registry.get(request.variable("id"));
}

Error bad_key(std::string_view key, const std::string& expected) {
  return Error(Code::invalid, std::string(key) + ": expected " + expected).with("key", std::string(key)).with("expected", expected);
}

void refuse_others(const Value& body, std::initializer_list<std::string_view> known) {
  if (!body.is(Kind::map)) throw Error(Code::invalid, "the body must be a JSON object");
  for (const Member& member : body.members()) {
    if (std::find(known.begin(), known.end(), member.key()) == known.end())
      throw Error(Code::invalid, "unknown key '" + std::string(member.key()) + "'").with("key", std::string(member.key()));
  }
}

// All are read before the first is decided on.
std::vector<Permission> permissions_in(const Value& body, std::string_view key) {
  std::vector<Permission> all;
  const Value* list = body.find(key);
  if (list == nullptr || list->is_null()) return all;
  if (!list->is(Kind::list) || list->size() > most_at_once) throw bad_key(key, "a list of at most 100 permissions");
  for (const Value& item : list->items()) {
    if (!item.is(Kind::string)) throw bad_key(key, "a list of texts such as \"network=api.example.org\"");
    all.push_back(Permission::parse(item.as_string()));
  }
  return all;
}

Response answer(const Api& api, const std::string& id) {
  api.grants_changed(id);
  return Response::json(permission_page(api.grants, *api.registry.get(id)));
}

Response decide(const Api& api, const Request& request) {
  const auto plugin = plugin_of(api, request);
  const Value body = request.json();
  refuse_others(body, {"grant", "revoke"});
  const auto granted = permissions_in(body, "grant");
  const auto revoked = permissions_in(body, "revoke");
  if (granted.empty() && revoked.empty()) throw bad_key("grant", "at least one permission in 'grant' or 'revoke'");
  const auto decide_all = [&](const std::vector<Permission>& all, Verdict verdict, const char* what) {
    for (const Permission& permission : all) {
      api.grants.decide(plugin->id, permission, verdict, request.asker);
      api.log.info(what, {{"plugin", plugin->id}, {"permission", permission.text()}, {"by", request.asker}});
    }
  };
  decide_all(revoked, Verdict::revoked, "permission revoked");
  decide_all(granted, Verdict::granted, "permission granted");
  return answer(api, plugin->id);
}

std::string limit_text(const Member& member) {
  const Value& value = member.value();
  const std::string name(member.key());
  if (value.is(Kind::string)) return name + "=" + std::string(value.as_string());
  if (value.is(Kind::int64)) return name + "=" + std::to_string(value.as_int64()) + (name == "deadline" ? "s" : "");
  if (value.is(Kind::float64) && name == "processors") return name + "=" + std::to_string(value.as_float64());
  throw bad_key(name, "a text such as \"512MiB\", a number, or null to take it back");
}

Response limit(const Api& api, const Request& request) {
  const auto plugin = plugin_of(api, request);
  const Value body = request.json();
  if (!body.is(Kind::map) || body.size() == 0) throw Error(Code::invalid, "the body must name at least one limit");
  plugin::LimitChoice choice;
  std::vector<std::string> cleared;
  for (const Member& member : body.members()) {
    if (!member.value().is_null()) {
      plugin::read_limit(limit_text(member), choice);
      continue;
    }
    const std::string name(member.key());
    const auto& known = plugin::limit_names();
    if (std::find(known.begin(), known.end(), name) == known.end()) throw Error(Code::invalid, "Unknown limit: " + name);
    cleared.push_back(name);
  }
  api.grants.limit(plugin->id, choice, cleared, request.asker);
  api.log.info("limits set", {{"plugin", plugin->id}, {"by", request.asker}});
  return answer(api, plugin->id);
}

Response trust(const Api& api, const Request& request) {
  const auto plugin = plugin_of(api, request);
  const Value body = request.json();
  refuse_others(body, {"in_process"});
  const Value* flag = body.find("in_process");
  if (flag == nullptr || !flag->is(Kind::boolean)) throw bad_key("in_process", "true or false");
  const bool native = plugin->language == "c" || plugin->language == "c++";
  if (flag->as_bool() && !native) {
    throw Error(Code::unsupported, "plugin '" + plugin->id + "' is written in " + plugin->language +
                                       ": only plugins in C and C++ can run in the host's own process",
                "grant it what it needs instead: mortise plugin grant " + plugin->id + " PERMISSION")
        .with("plugin", plugin->id);
  }
  api.grants.trust(plugin->id, flag->as_bool() ? Verdict::granted : Verdict::revoked, request.asker);
  api.log.warning(flag->as_bool() ? "a plugin runs in the host's own process from now on" : "a plugin runs in a worker from now on",
                  {{"plugin", plugin->id}, {"by", request.asker}});
  return answer(api, plugin->id);
}

}  // namespace

void add_permission_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/plugins/{id}/permissions",
              .id = "getPermissions",
              .tag = "plugins",
              .summary = "What a plugin may do, and why",
              .parameters = {which_plugin},
              .response = permission_page_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) {
                return Response::json(permission_page(api.grants, *plugin_of(api, request)));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/plugins/{id}/permissions",
              .id = "decidePermissions",
              .tag = "plugins",
              .summary = "Grant and revoke permissions of a plugin; its workers start anew",
              .description = "A permission is read_data, write_data, network, network=HOST[:PORT], file_system, "
                             "file_system=PATH, file_system=PATH:write or environment=NAME.",
              .parameters = {which_plugin},
              .request = object({{"grant", list(string())}, {"revoke", list(string())}}),
              .response = permission_page_schema(),
              .errors = {Code::not_found},
              .scope = Scope::admin,
              .handler = answering([&api](const Request& request) { return decide(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/plugins/{id}/limits",
              .id = "setLimits",
              .tag = "plugins",
              .summary = "Tighten or widen the limits of a plugin; null takes one back",
              .parameters = {which_plugin},
              .request = object({{"memory", anything("a size such as \"1GiB\"")},
                                 {"processors", anything("processors, such as 0.5")},
                                 {"deadline", anything("of one operation, such as \"5m\"")},
                                 {"processes", anything("a number")},
                                 {"open_files", anything("a number")}}),
              .response = permission_page_schema(),
              .errors = {Code::not_found},
              .scope = Scope::admin,
              .handler = answering([&api](const Request& request) { return limit(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/plugins/{id}/trust",
              .id = "trustPlugin",
              .tag = "plugins",
              .summary = "Have a native plugin run inside the host's own process, or in a worker again",
              .description = "Danger: a crash of such a plugin is a crash of the host, and it may do all that the host may.",
              .parameters = {which_plugin},
              .request = object({{"in_process", boolean()}}, {"in_process"}),
              .response = permission_page_schema(),
              .errors = {Code::not_found, Code::unsupported},
              .scope = Scope::admin,
              .handler = answering([&api](const Request& request) { return trust(api, request); })});
}

}  // namespace mortise::http
