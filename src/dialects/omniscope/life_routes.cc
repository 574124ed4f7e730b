#include "dialects/omniscope/life_routes.h"

#include "base/clock.h"
#include "base/error.h"
#include "dialects/omniscope/guide_table.h"
#include "http/api.h"
#include "http/body.h"
#include "http/multipart.h"
#include "http/openapi.h"
#include "http/package_life_page.h"
#include "package/installer.h"

namespace mortise::dialects::omniscope {
namespace {

using namespace http::schema;
using http::Method;
using http::Request;
using http::Response;
using package::Order;
using package::Parcel;
using package::Report;

std::string id_of(const Request& request) { return std::string(request.variable("plugin_id")); }

// What all of them answer.
Value answer(const char* message, const Report& report) {
  Value body = http::report_value(report);
  body.set("message", message);
  body.set("plugin_id", report.plugin);
  body.set("name", report.plugin);
  return body;
}

Parcel uploaded(const Request& request) {
  return {std::string(http::form_file(request, "file").content), {}, http::form_text(request, "signature"), "upload"};
}

bool is_form(const Request& request) { return http::is_multipart(request.header("content-type")); }

Value body_of(const Request& request) { return request.body.empty() ? Value::map() : http::object_of(request); }

// What an update or a rollback is told: its body, or the further parts of a form.
Order order_of(const Request& request, const Value& body) {
  Order order = http::order_of(request);
  if (is_form(request)) {
    order.reason = http::form_text(request, "reason");
    order.accept = http::form_text(request, "accept") == "true";
    return order;
  }
  order.reason = http::text_of(body, "reason");
  if (const Value* accept = body.find("accept"); accept != nullptr && accept->is(Kind::boolean)) order.accept = accept->as_bool();
  return order;
}

std::optional<std::string> target_of(const Value& body) {
  std::string target = http::text_of(body, "target_version");
  return target.empty() ? std::nullopt : std::optional(std::move(target));
}

// Whatever is wrong with a package is a bad request, also that it has no manifest.
Response install(package::Installer& installer, const Request& request) {
  try {
    Order order = http::order_of(request);
    order.as = http::form_text(request, "as");
    return Response::json(answer("Plugin installed successfully", installer.install(uploaded(request), order)));
  } catch (const Error& error) {
    if (error.code() != Code::not_found && error.code() != Code::unsupported) throw;
    Error told(Code::invalid, error.what(), error.hint());
    for (const auto& [name, value] : error.details()) told.with(name, value);
    throw told;
  }
}

Response keep(package::Installer& installer, const Request& request) {
  return Response::json(answer("Plugin version stored successfully", installer.keep(id_of(request), uploaded(request), http::order_of(request))));
}

Response update(package::Installer& installer, const Request& request) {
  const Value body = is_form(request) ? Value::map() : body_of(request);
  const Order order = order_of(request, body);
  const Report done = is_form(request) ? installer.update(id_of(request), uploaded(request), order) : installer.update(id_of(request), target_of(body), order);
  Value told = answer("Plugin updated successfully", done);
  told.set("old_version", done.from);
  told.set("new_version", done.version);
  return Response::json(told);
}

Response rollback(package::Installer& installer, const Request& request) {
  const Value body = body_of(request);
  const Order order = order_of(request, body);
  const Report done = installer.rollback(id_of(request), target_of(body), order);
  Value told = answer("Plugin rolled back successfully", done);
  told.set("old_version", done.from);
  told.set("new_version", done.version);
  told.set("reason", order.reason);
  return Response::json(told);
}

// An unknown id is a bad request here, and not found elsewhere: so the guide's clients know it.
Response enable(package::Installer& installer, const Request& request) {
  try {
    return Response::json(answer("Plugin enabled successfully", installer.enable(id_of(request), http::order_of(request))));
  } catch (const Error& error) {
    if (error.code() != Code::not_found) throw;
    throw Error(Code::invalid, error.what(), error.hint()).with("plugin", id_of(request));
  }
}

Response disable(package::Installer& installer, const Request& request) {
  return Response::json(answer("Plugin disabled successfully", installer.disable(id_of(request), http::order_of(request))));
}

Response uninstall(package::Installer& installer, const Request& request) {
  return Response::json(answer("Plugin uninstalled successfully", installer.uninstall(id_of(request), http::order_of(request))));
}

Response versions(package::Installer& installer, const Request& request) {
  return Response::json(http::listed_value(installer.get(id_of(request))).at("versions"));
}

Response history(package::Installer& installer, const Request& request) {
  Value all = Value::list();
  for (const store::PackageEvent& event : installer.history(installer.get(id_of(request)).row.name)) all.push_back(http::event_value(event));
  return Response::json(all);
}

Response scan(package::Installer& installer, const Request& request) {
  const package::Listed there = installer.get(id_of(request));
  for (const store::PackageRow& package : there.versions) {
    if (package.version == there.row.version) return Response::json(http::version_value(there, package).at("scan"));
  }
  return Response::json(Value());
}

Value form_schema() { return object({{"file", string("the package: tar.gz, tar.zst or zip")}, {"signature", string("the text of its .minisig")}}, {"file"}); }

class Life {
 public:
  Life(http::Router& router, const Surroundings& host) : table_(router), host_(host) {}

  using Answer = Response (*)(package::Installer&, const Request&);
  Life& add(http::Route route, Answer answer) {
    if (route.pattern.find("{plugin_id}") != std::string::npos) route.parameters = {{"plugin_id", "the plugin's id or name", string()}};
    route.work = http::Work::waiting;
    route.handler = http::answering([answer, host = &host_](const Request& request) { return answer(host->api.installer, request); });
    table_.add(std::move(route));
    return *this;
  }

 private:
  GuideTable table_;
  const Surroundings& host_;
};

}  // namespace

void add_life_routes(http::Router& router, const Surroundings& host) {
  const auto done = [] { return object({{"message", string()}, {"plugin_id", string()}, {"name", string()}, {"enabled", boolean()}}, {"message", "plugin_id", "name"}); };
  const auto switched = object({{"message", string()}, {"old_version", string()}, {"new_version", string()}}, {"message", "old_version", "new_version"});
  Life(router, host)
      .add({.method = Method::post, .pattern = "/api/plugins/install", .id = "installAnalysisPlugin", .summary = "Install a plugin; it is not enabled yet", .request = form_schema(),
            .response = done(), .errors = {Code::conflict}}, install)
      .add({.method = Method::del, .pattern = "/api/plugins/{plugin_id}", .id = "uninstallAnalysisPlugin", .summary = "Uninstall a plugin with all of its versions", .response = done(),
            .errors = {Code::not_found, Code::conflict}}, uninstall)
      .add({.method = Method::post, .pattern = "/api/plugins/{plugin_id}/enable", .id = "enableAnalysisPlugin", .summary = "A plugin may be executed", .response = done()}, enable)
      .add({.method = Method::post, .pattern = "/api/plugins/{plugin_id}/disable", .id = "disableAnalysisPlugin", .summary = "A plugin may not be executed", .response = done(),
            .errors = {Code::not_found, Code::conflict}}, disable)
      .add({.method = Method::post, .pattern = "/api/plugins/{plugin_id}/update", .id = "updateAnalysisPlugin", .summary = "Go over to a newer version: one that is stored, or the package in the field `file` of a form",
            .request = object({{"target_version", string("absent: the newest")}, {"accept", boolean()}, {"reason", string()}}), .response = switched, .errors = {Code::not_found, Code::conflict}}, update)
      .add({.method = Method::post, .pattern = "/api/plugins/{plugin_id}/rollback", .id = "rollbackAnalysisPlugin", .summary = "Go back to an older version",
            .request = object({{"target_version", string("absent: the one before")}, {"reason", string()}}), .response = switched, .errors = {Code::not_found, Code::conflict}}, rollback)
      .add({.pattern = "/api/plugins/{plugin_id}/versions", .id = "listAnalysisPluginVersions", .summary = "The versions that are stored", .response = list(object({{"version", string()}, {"current", boolean()}})),
            .errors = {Code::not_found}}, versions)
      .add({.method = Method::post, .pattern = "/api/plugins/{plugin_id}/versions", .id = "storeAnalysisPluginVersion", .summary = "Store a further version, for an update later on", .request = form_schema(),
            .response = done(), .errors = {Code::not_found, Code::conflict}}, keep)
      .add({.pattern = "/api/plugins/{plugin_id}/history", .id = "listAnalysisPluginHistory", .summary = "What was done to a plugin and why, newest first", .response = list(object({{"action", string()}, {"reason", nullable(string())}})),
            .errors = {Code::not_found}}, history)
      .add({.pattern = "/api/plugins/{plugin_id}/security-scan", .id = "getAnalysisPluginScan", .summary = "What the scan found when the version in use came", .response = anything(), .errors = {Code::not_found}}, scan);
}

}  // namespace mortise::dialects::omniscope
