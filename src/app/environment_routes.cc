#include "app/environment_routes.h"

#include <chrono>

#include "base/clock.h"
#include "base/error.h"
#include "http/openapi.h"

namespace mortise::app {
namespace {

using namespace http::schema;
using http::answering;
using http::Method;
using http::Request;
using http::Response;
using http::Router;
using http::Scope;
using http::Work;

Value texts(const std::vector<std::string>& all) {
  Value listed = Value::list();
  for (const std::string& text : all) listed.push_back(text);
  return listed;
}

std::string time_text(std::chrono::system_clock::time_point time) {
  return to_rfc3339(Time{std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count()});
}

Value shown(const environments::Environment& one) {
  Value packages = Value::list();
  for (const environments::Package& package : one.packages)
    packages.push_back(Value::map({{"name", package.name}, {"version", package.version}}));
  return Value::map({{"key", one.key},
                     {"language", one.language},
                     {"interpreter", one.interpreter},
                     {"folder", one.folder},
                     {"packages", packages},
                     {"plugins", texts(one.plugins)},
                     {"bytes", one.bytes},
                     {"made", time_text(one.made)},
                     {"used", time_text(one.used)}});
}

Value environment_schema() {
  return object({{"key", string("what it is made of, as a digest")},
                 {"language", string()},
                 {"interpreter", string()},
                 {"folder", string()},
                 {"packages", list(object({{"name", string()}, {"version", string()}}, {"name", "version"}))},
                 {"plugins", list(string(), "that asked for it since the server began")},
                 {"bytes", integer()},
                 {"made", time()},
                 {"used", time()}},
                {"key", "language", "packages"});
}

Response build(environments::Environments& environments, const plugin::Registry& registry, const Request& request) {
  const Value body = request.json();
  const Value* name = body.is(Kind::map) ? body.find("plugin") : nullptr;
  if (name == nullptr || !name->is(Kind::string)) {
    throw Error(Code::invalid, "plugin: expected the name of a plugin", R"(send {"plugin": "normaliser"})").with("key", "plugin");
  }
  const auto plugin = registry.get(std::string(name->as_string()));
  const std::string folder = environments.folder_for(*plugin);
  Value key;
  for (const environments::Environment& one : environments.list()) {
    if (one.folder == folder) key = one.key;
  }
  return Response::json(Value::map({{"plugin", plugin->id}, {"key", key}, {"folder", folder}}));
}

}  // namespace

void add_environment_routes(http::Router& router, environments::Environments& environments, const plugin::Registry& registry) {
  router.add({.pattern = "/api/v1/environments",
              .id = "listEnvironments",
              .tag = "environments",
              .summary = "The sets of packages that plugins need beside what their interpreters have",
              .response = list(environment_schema()),
              .handler = answering([&environments](const Request&) {
                Value all = Value::list();
                for (const environments::Environment& one : environments.list()) all.push_back(shown(one));
                return Response::json(all);
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/environments",
              .id = "buildEnvironment",
              .tag = "environments",
              .summary = "Build what a plugin needs, unless it is there",
              .request = object({{"plugin", string("its id or another of its names")}}, {"plugin"}),
              .response = object({{"plugin", string()},
                                  {"key", nullable(string("null: it needs none"))},
                                  {"folder", string("empty: it needs none")}},
                                 {"plugin", "key", "folder"}),
              .errors = {Code::not_found},
              .scope = Scope::operate,
              .work = Work::waiting,
              .handler = answering([&environments, &registry](const Request& request) { return build(environments, registry, request); })});
  router.add({.method = Method::del,
              .pattern = "/api/v1/environments/{key}",
              .id = "removeEnvironment",
              .tag = "environments",
              .summary = "Remove one that no plugin has used since the server began",
              .parameters = {{"key", "its key", string()}},
              .response = object({{"removed", string()}}, {"removed"}),
              .errors = {Code::not_found, Code::conflict},
              .scope = Scope::operate,
              .work = Work::waiting,
              .handler = answering([&environments](const Request& request) {
                environments.remove(std::string(request.variable("key")));
                return Response::json(Value::map({{"removed", request.variable("key")}}));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/environments/collect",
              .id = "collectEnvironments",
              .tag = "environments",
              .summary = "Remove those that nobody used for environments.keep",
              .response = object({{"removed", list(string())}}, {"removed"}),
              .scope = Scope::operate,
              .work = Work::waiting,
              .handler = answering([&environments](const Request&) {
                return Response::json(Value::map({{"removed", texts(environments.collect_garbage())}}));
              })});
}

}  // namespace mortise::app
