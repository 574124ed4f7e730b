#include "http/package_life_page.h"

#include "base/clock.h"
#include "base/error.h"
#include "data/value_json.h"
#include "http/openapi.h"

namespace mortise::http {
namespace {

using namespace schema;

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

// What was kept as JSON; null when nothing was.
Value kept(const std::string& json) {
  if (json.empty()) return Value();
  try {
    return data::parse_json(json);
  } catch (const Error&) {
    return Value(json);
  }
}

Value or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

}  // namespace

Value report_value(const package::Report& report) {
  return Value::map({{"action", report.action},
                     {"plugin", report.plugin},
                     {"from", or_null(report.from)},
                     {"version", or_null(report.version)},
                     {"enabled", report.enabled},
                     {"permissions", texts(report.permissions)},
                     {"warnings", texts(report.warnings)},
                     {"along", texts(report.along)},
                     {"security_scan", report.scan},
                     {"signature", report.signature},
                     {"dependency_resolution", report.dependencies.to_value(report.plugin)},
                     {"change", report.change ? report.change->to_value() : Value()}});
}

Value version_value(const package::Listed& listed, const store::PackageRow& package) {
  return Value::map({{"version", package.version},
                     {"current", package.version == listed.row.version},
                     {"digest", package.digest},
                     {"source", package.source},
                     {"signer", or_null(package.signer)},
                     {"bytes", package.bytes},
                     {"stored", to_rfc3339(package.stored)},
                     {"scan", kept(package.scan)}});
}

Value listed_value(const package::Listed& listed) {
  Value versions = Value::list();
  for (const store::PackageRow& package : listed.versions) versions.push_back(version_value(listed, package));
  return Value::map({{"name", listed.row.name},
                     {"package", listed.package()},
                     {"id", listed.row.id},
                     {"version", listed.row.version},
                     {"enabled", listed.row.enabled},
                     {"generation", listed.row.generation},
                     {"installed", to_rfc3339(listed.row.installed)},
                     {"changed", to_rfc3339(listed.row.changed)},
                     {"versions", std::move(versions)}});
}

Value event_value(const store::PackageEvent& event) {
  return Value::map({{"number", event.number},
                     {"plugin", event.name},
                     {"action", event.action},
                     {"from", or_null(event.from)},
                     {"to", or_null(event.to)},
                     {"reason", or_null(event.reason)},
                     {"by", event.who},
                     {"time", to_rfc3339(event.time)},
                     {"details", kept(event.details)}});
}

package::Order order_of(const Request& request) {
  if (request.principal == Principal::token && request.access < Access::operate) {
    throw Error(Code::denied, "this token may not change which plugins are installed", "it needs a token of scope operate").with("scope", "operate");
  }
  package::Order order;
  order.who = request.asker;
  return order;
}

Value listed_schema() {
  return object({{"name", string()},
                 {"package", string("its name in the manifest")},
                 {"id", string()},
                 {"version", string("in use")},
                 {"enabled", boolean()},
                 {"generation", integer("counts the switches")},
                 {"installed", time()},
                 {"changed", time()},
                 {"versions", list(object({{"version", string()},
                                           {"current", boolean()},
                                           {"digest", string()},
                                           {"source", string()},
                                           {"signer", nullable(string("id of the key"))},
                                           {"bytes", integer()},
                                           {"stored", time()},
                                           {"scan", anything("what the scanner found when it came")}},
                                          {"version", "current", "digest", "source"}))}},
                {"name", "version", "enabled", "versions"});
}

Value report_schema() {
  const auto changes = [] { return object({{"added", list(string())}, {"removed", list(string())}}, {"added", "removed"}); };
  return object({{"action", string()},
                 {"plugin", string()},
                 {"from", nullable(string("the version before"))},
                 {"version", nullable(string("in use now"))},
                 {"enabled", boolean()},
                 {"permissions", list(string(), "that this version declares")},
                 {"warnings", list(string())},
                 {"along", list(string(), "what was installed or updated for it")},
                 {"security_scan", anything("what the scanner found; null where no package came")},
                 {"signature", anything("state, key_id, comment, message; null where no package came")},
                 {"dependency_resolution", object({{"total_dependencies", integer()}, {"resolved", integer()}, {"unresolved", integer()}, {"details", list(object({}))}})},
                 {"change", nullable(object({{"permissions", changes()}, {"dependencies", changes()}, {"breaking", boolean()}}))}},
                {"action", "plugin", "version", "enabled"});
}

}  // namespace mortise::http
