// The life of packages: installed, enabled, updated, rolled back, uninstalled; verified and locked.
//
// A package comes as a form (field `file`, as the guides' clients send it) or as a path of the server's machine, which is the
// operator's alone.
#include "base/error.h"
#include "http/api.h"
#include "http/body.h"
#include "http/multipart.h"
#include "http/openapi.h"
#include "http/package_life_page.h"
#include "os/file.h"
#include "package/installer.h"
#include "plugin/manifest_schema.h"
#include "package/readers.h"
#include "data/value_json.h"

namespace mortise::http {
namespace {

using namespace schema;
using package::Installer;
using package::Order;
using package::Parcel;

constexpr std::uint64_t largest_lock = 1U << 20U;

bool flag_of(const Value& body, const char* key) {
  const Value* flag = body.find(key);
  if (flag == nullptr || flag->is_null()) return false;
  if (flag->is(Kind::boolean)) return flag->as_bool();
  throw Error(Code::invalid, std::string(key) + ": expected true or false").with("key", key);
}

std::string server_path(const Request& request, const std::string& path, const char* key) {
  if (!request.by_operator())
    throw Error(Code::denied, std::string(key) + ": paths of the server's machine are the operator's alone", "send the package itself, as a form").with("key", key);
  if (path.starts_with("/")) return path;
  throw Error(Code::invalid, std::string(key) + ": expected an absolute path on the server's machine").with("key", key).with("got", path);
}

// What a request asks for: a form has its words as further parts, "true" among them.
Value words_of(const Request& request) {
  if (!is_multipart(request.header("content-type"))) {
    Value body = request.json();
    if (body.is_null()) return Value::map();
    return object_of(request);
  }
  Value words = Value::map();
  for (const char* key : {"reason", "target_version", "range", "as"}) {
    if (std::string text = form_text(request, key); !text.empty()) words.set(key, text);
  }
  for (const char* key : {"enable", "accept", "dangerously_accept_findings"}) {
    if (const std::string text = form_text(request, key); !text.empty()) words.set(key, text == "true");
  }
  return words;
}

// The order, and the places where needed packages may come from, which live as long as it.
struct Asked {
  Value words;
  std::vector<std::unique_ptr<package::FolderSupplier>> folders;
  Order order;
};

Asked asked_of(const Api& api, const Request& request) {
  Asked asked{words_of(request), {}, order_of(request)};
  asked.order.reason = text_of(asked.words, "reason");
  asked.order.as = text_of(asked.words, "as");
  asked.order.accept = flag_of(asked.words, "accept");
  if (flag_of(asked.words, "enable")) asked.order.use = Order::Use::enabled;
  if (flag_of(asked.words, "dangerously_accept_findings")) {
    if (!request.by_operator()) throw Error(Code::denied, "findings of the scanner are overruled by the operator alone", "mortise plugin install --dangerously-accept-findings");
    asked.order.findings = package::Findings::DANGEROUSLY_accepted;
  }
  const Value* from = asked.words.find("from");
  if (from == nullptr || from->is_null()) return asked;
  for (const Value& folder : from->items()) {
    const std::string path = server_path(request, std::string(folder.as_string()), "from");
    asked.folders.push_back(std::make_unique<package::FolderSupplier>(api.readers, path, api.installer.policy().limits));
    asked.order.suppliers.push_back(asked.folders.back().get());
  }
  return asked;
}

// The package that came, or nothing: then it is meant by its name.
std::optional<Parcel> parcel_of(const Api& api, const Request& request, const Value& words) {
  if (is_multipart(request.header("content-type"))) {
    const FormPart file = form_file(request, "file");
    return Parcel{std::string(file.content), {}, form_text(request, "signature"), "upload"};
  }
  const std::string path = text_of(words, "path");
  if (path.empty()) return std::nullopt;
  return Parcel::from_path(server_path(request, path, "path"), api.installer.policy().limits);
}

Response install(const Api& api, const Request& request) {
  const Asked asked = asked_of(api, request);
  if (const auto parcel = parcel_of(api, request, asked.words)) return Response::json(report_value(api.installer.install(*parcel, asked.order)), 201);
  const Range range = Range::parse(text_of(asked.words, "range"));
  return Response::json(report_value(api.installer.install(required_text(asked.words, "name"), range, asked.order)), 201);
}

std::optional<std::string> target_of(const Value& words) {
  std::string target = text_of(words, "target_version");
  return target.empty() ? std::nullopt : std::optional(std::move(target));
}

Response update(const Api& api, const Request& request) {
  const Asked asked = asked_of(api, request);
  const std::string name(request.variable("name"));
  if (const auto parcel = parcel_of(api, request, asked.words)) return Response::json(report_value(api.installer.update(name, *parcel, asked.order)));
  return Response::json(report_value(api.installer.update(name, target_of(asked.words), asked.order)));
}

Response keep(const Api& api, const Request& request) {
  const Asked asked = asked_of(api, request);
  const auto parcel = parcel_of(api, request, asked.words);
  if (!parcel) throw Error(Code::invalid, "no package came", "send it as the field `file` of a form, or its path").with("key", "file");
  return Response::json(report_value(api.installer.keep(std::string(request.variable("name")), *parcel, asked.order)), 201);
}

Response verify(const Api& api) {
  Value damaged = Value::list();
  for (const auto& damage : api.installer.verify()) {
    Value files = Value::list();
    for (const std::string& file : damage.files) files.push_back(file);
    damaged.push_back(Value::map({{"name", damage.name}, {"version", damage.version}, {"problems", files}}));
  }
  std::int64_t versions = 0;
  for (const auto& listed : api.installer.list()) versions += static_cast<std::int64_t>(listed.versions.size());
  return Response::json(Value::map({{"whole", damaged.size() == 0}, {"versions", versions}, {"damaged", damaged}}));
}

Response install_locked(const Api& api, const Request& request) {
  const Asked asked = asked_of(api, request);
  Value lock;
  if (const Value* given = asked.words.find("lock"); given != nullptr && given->is(Kind::map)) {
    lock = *given;
  } else {
    const std::string path = server_path(request, required_text(asked.words, "path"), "path");
    lock = data::parse_json(os::read_file(path, largest_lock), {}, path);
  }
  Value done = Value::list();
  for (const package::Report& report : api.installer.install_locked(lock, asked.order)) done.push_back(report_value(report));
  return Response::json(Value::map({{"done", done}}));
}

Response history(const Api& api, const std::string& name) {
  Value all = Value::list();
  for (const store::PackageEvent& event : api.installer.history(name)) all.push_back(event_value(event));
  return Response::json(all);
}

class Table {
 public:
  Table(Router& router, const Api& api) : router_(router), api_(api) {}

  using Answer = Response (*)(const Api&, const Request&);
  Table& add(Route route, Answer answer) {
    route.tag = "packages";
    route.scope = route.method == Method::get ? Scope::read : Scope::operate;
    route.work = Work::waiting;
    if (route.pattern.find("{name}") != std::string::npos) route.parameters = {{"name", "the plugin's name or id", string()}};
    route.handler = answering([answer, api = &api_](const Request& request) { return answer(*api, request); });
    router_.add(std::move(route));
    return *this;
  }

 private:
  Router& router_;
  const Api& api_;
};

Value order_schema() {
  return object({{"path", string("of an archive or a folder on the server's machine; or send the archive as the field `file` of a form")},
                 {"name", string("of a plugin that one of `from` has")},
                 {"range", string("of its versions")},
                 {"as", string("of an install: the name that the plugin has here")},
                 {"from", list(string(), "folders of packages on the server's machine")},
                 {"enable", boolean()},
                 {"accept", boolean()},
                 {"target_version", string()},
                 {"reason", string("for the record")}});
}

}  // namespace

void add_package_life_routes(Router& router, const Api& api) {
  Table(router, api)
      .add({.pattern = "/api/v1/packages", .id = "listPackages", .summary = "What is installed, with every kept version", .response = list(listed_schema())},
           [](const Api& a, const Request&) {
             Value all = Value::list();
             for (const auto& listed : a.installer.list()) all.push_back(listed_value(listed));
             return Response::json(all);
           })
      .add({.method = Method::post, .pattern = "/api/v1/packages", .id = "installPackage", .summary = "Install a package", .request = order_schema(),
            .response = report_schema(), .success = 201, .errors = {Code::conflict, Code::denied, Code::not_found}},
           install)
      .add({.pattern = "/api/v1/packages/manifest-schema", .id = "getManifestSchema", .summary = "What a manifest may hold, as JSON Schema", .response = object({})},
           [](const Api&, const Request&) { return Response::json(plugin::manifest_schema()); })
      .add({.pattern = "/api/v1/packages/history", .id = "listPackageHistory", .summary = "What was done to all packages, newest first", .response = list(object({{"action", string()}}))},
           [](const Api& a, const Request&) { return history(a, ""); })
      .add({.pattern = "/api/v1/packages/lock", .id = "getLock", .summary = "What is installed, as a lock", .response = object({{"mortise_lock", integer()}, {"plugins", list(object({}))}}, {"mortise_lock", "plugins"})},
           [](const Api& a, const Request&) { return Response::json(a.installer.lock()); })
      .add({.method = Method::post, .pattern = "/api/v1/packages/lock", .id = "installLocked", .summary = "Install what a lock names, in those versions with that content",
            .request = object({{"path", string("of the lock on the server's machine")}, {"lock", object({})}, {"from", list(string())}}), .response = object({{"done", list(report_schema())}}, {"done"}),
            .errors = {Code::conflict, Code::denied, Code::not_found}},
           install_locked)
      .add({.method = Method::post, .pattern = "/api/v1/packages/verify", .id = "verifyPackages", .summary = "Whether the files of every kept version are as they were installed",
            .response = object({{"whole", boolean()}, {"versions", integer()}, {"damaged", list(object({{"name", string()}, {"version", string()}, {"problems", list(string())}}))}}, {"whole", "damaged"})},
           [](const Api& a, const Request&) { return verify(a); })
      .add({.method = Method::post, .pattern = "/api/v1/packages/gc", .id = "collectGarbage", .summary = "Remove files that nothing names",
            .response = object({{"folders", integer()}, {"bytes", integer()}}, {"folders", "bytes"})},
           [](const Api& a, const Request&) {
             const auto garbage = a.installer.collect_garbage();
             return Response::json(Value::map({{"folders", garbage.folders}, {"bytes", garbage.bytes}}));
           })
      .add({.pattern = "/api/v1/packages/{name}", .id = "getPackage", .summary = "One installed plugin", .response = listed_schema(), .errors = {Code::not_found}},
           [](const Api& a, const Request& request) { return Response::json(listed_value(a.installer.get(std::string(request.variable("name"))))); })
      .add({.method = Method::del, .pattern = "/api/v1/packages/{name}", .id = "uninstallPackage", .summary = "Uninstall a plugin with all of its versions",
            .response = report_schema(), .errors = {Code::not_found, Code::conflict}},
           [](const Api& a, const Request& request) {
             Order order = order_of(request);
             order.reason = std::string(request.parameter("reason").value_or(""));
             return Response::json(report_value(a.installer.uninstall(std::string(request.variable("name")), order)));
           })
      .add({.pattern = "/api/v1/packages/{name}/history", .id = "getPackageHistory", .summary = "What was done to a plugin, newest first", .response = list(object({{"action", string()}}))},
           [](const Api& a, const Request& request) { return history(a, std::string(request.variable("name"))); })
      .add({.method = Method::post, .pattern = "/api/v1/packages/{name}/versions", .id = "keepPackage", .summary = "Keep a further version, for a later update", .request = order_schema(),
            .response = report_schema(), .success = 201, .errors = {Code::not_found, Code::conflict, Code::denied}},
           keep)
      .add({.method = Method::post, .pattern = "/api/v1/packages/{name}/enable", .id = "enablePackage", .summary = "A plugin may be used", .response = report_schema(),
            .errors = {Code::not_found, Code::conflict}},
           [](const Api& a, const Request& request) { return Response::json(report_value(a.installer.enable(std::string(request.variable("name")), order_of(request)))); })
      .add({.method = Method::post, .pattern = "/api/v1/packages/{name}/disable", .id = "disablePackage", .summary = "A plugin may not be used", .response = report_schema(),
            .errors = {Code::not_found, Code::conflict}},
           [](const Api& a, const Request& request) { return Response::json(report_value(a.installer.disable(std::string(request.variable("name")), order_of(request)))); })
      .add({.method = Method::post, .pattern = "/api/v1/packages/{name}/update", .id = "updatePackage", .summary = "Go over to a newer version without a dropped call", .request = order_schema(),
            .response = report_schema(), .errors = {Code::not_found, Code::conflict, Code::denied}},
           update)
      .add({.method = Method::post, .pattern = "/api/v1/packages/{name}/rollback", .id = "rollbackPackage", .summary = "Go back to an older version without a dropped call",
            .request = object({{"target_version", string("absent: the one before")}, {"reason", string()}}), .response = report_schema(), .errors = {Code::not_found, Code::conflict}},
           [](const Api& a, const Request& request) {
             const Asked asked = asked_of(a, request);
             return Response::json(report_value(a.installer.rollback(std::string(request.variable("name")), target_of(asked.words), asked.order)));
           });
}

}  // namespace mortise::http
