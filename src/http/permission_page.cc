#include "http/permission_page.h"

#include "base/clock.h"
#include "http/openapi.h"

namespace mortise::http {
namespace {

using namespace schema;
using plugin::Permission;

Value texts(const std::vector<Permission>& all) {
  Value list = Value::list();
  for (const Permission& one : all) list.push_back(one.text());
  return list;
}

std::string_view word(plugin::Verdict verdict) { return verdict == plugin::Verdict::granted ? "granted" : "revoked"; }

Value decisions_value(const plugin::Decisions& decisions) {
  Value list = Value::list();
  for (const plugin::Decision& one : decisions.permissions) {
    list.push_back(Value::map({{"permission", one.permission.text()},
                               {"verdict", word(one.verdict)},
                               {"by", one.by},
                               {"when", to_rfc3339(one.when)}}));
  }
  return list;
}

Value number_or_null(std::uint64_t number) { return number == 0 ? Value() : Value(number); }

Value limits_value(const plugin::Allowed& allowed, const plugin::LimitChoice& chosen) {
  Value sources = Value::map();
  if (chosen.memory_bytes) sources.set("memory", "operator");
  if (chosen.processors) sources.set("processors", "operator");
  if (chosen.deadline) sources.set("deadline", "operator");
  if (chosen.processes) sources.set("processes", "operator");
  if (chosen.open_files) sources.set("open_files", "operator");
  const auto& limits = allowed.limits;
  return Value::map({{"memory", number_or_null(limits.memory_bytes)},
                     {"processors", limits.processors == 0 ? Value() : Value(limits.processors)},
                     {"deadline", allowed.deadline ? Value(static_cast<double>(allowed.deadline->count()) / 1000) : Value()},
                     {"processes", number_or_null(limits.processes)},
                     {"open_files", number_or_null(limits.open_files)},
                     {"set_by", std::move(sources)}});
}

Value trust_value(const plugin::Descriptor& descriptor, const plugin::Decisions& decisions) {
  Value value = Value::map({{"in_process", descriptor.trust == plugin::Trust::in_process}});
  if (decisions.trust) {
    value.set("by", decisions.trust->by);
    value.set("when", to_rfc3339(decisions.trust->when));
  }
  return value;
}

}  // namespace

Value permission_page(const plugin::Grants& grants, const plugin::Descriptor& descriptor) {
  const plugin::Decisions decisions = grants.of(descriptor.id);
  const plugin::PermissionPolicy policy = grants.policy();
  const plugin::Allowed allowed = plugin::allowed(descriptor, decisions, policy);
  return Value::map({{"plugin", descriptor.id},
                     {"policy", name_of(policy)},
                     {"declared", texts(plugin::declared(descriptor))},
                     {"decisions", decisions_value(decisions)},
                     {"effective", texts(allowed.permissions)},
                     {"waiting", texts(allowed.waiting)},
                     {"limits", limits_value(allowed, decisions.limits)},
                     {"trust", trust_value(descriptor, decisions)}});
}

Value permission_page_schema() {
  return object(
      {{"plugin", string()},
       {"policy", one_of({"grant", "ask", "deny"}, "what becomes of what a manifest declares")},
       {"declared", list(string(), "what its manifest asks for")},
       {"decisions", list(object({{"permission", string()},
                                  {"verdict", one_of({"granted", "revoked"})},
                                  {"by", string("who decided")},
                                  {"when", time()}},
                                 {"permission", "verdict", "by", "when"}),
                          "what the operator decided")},
       {"effective", list(string(), "what holds now")},
       {"waiting", list(string(), "declared and not decided on, under the policy ask: the plugin is not started")},
       {"limits", object({{"memory", nullable(integer("bytes; null: the host's"))},
                          {"processors", nullable(number("processors; null: a share like the others'"))},
                          {"deadline", nullable(number("seconds"))},
                          {"processes", nullable(integer())},
                          {"open_files", nullable(integer())},
                          {"set_by", object({})}})},
       {"trust", object({{"in_process", boolean("it runs inside the host's own process")},
                         {"by", string()},
                         {"when", time()}},
                        {"in_process"})}},
      {"plugin", "policy", "declared", "decisions", "effective", "waiting", "limits", "trust"});
}

}  // namespace mortise::http
