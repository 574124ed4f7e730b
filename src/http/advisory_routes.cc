// Advisories that the operator imports, and bills of materials.
#include "base/error.h"
#include "http/api.h"
#include "http/market_routes.h"
#include "http/openapi.h"
#include "package/advisories.h"
#include "package/inspection.h"
#include "package/sbom.h"
#include "package/readers.h"
#include "plugin/manifest.h"
#include "plugin/registry.h"

namespace mortise::http {

using namespace schema;

namespace {

Response take_over(const Api& api, const Request& request) {
  const std::string path = text_member(request.json(), "path");
  if (!path.starts_with('/')) throw Error(Code::invalid, "path: expected an absolute path on the server's machine").with("key", "path");
  const package::AdvisoryImport done = package::import_advisories(api.database, api.readers, path);
  api.log.info("advisories were imported", {{"path", path}, {"kept", done.kept}, {"withdrawn", done.withdrawn}, {"by", request.asker}});
  Value problems = Value::list();
  for (const std::string& problem : done.problems) problems.push_back(problem);
  return Response::json(Value::map({{"files", done.files}, {"kept", done.kept}, {"withdrawn", done.withdrawn}, {"elsewhere", done.elsewhere}, {"problems", std::move(problems)}}));
}

Response status(const Api& api) {
  Value counts = Value::map();
  for (const auto& [ecosystem, count] : package::count_advisories(api.database)) counts.set(ecosystem, count);
  return Response::json(Value::map({{"advisories", std::move(counts)}}));
}

// Of a folder or an archive of the operator's, or of a plugin that is here.
Response bill(const Api& api, const Request& request) {
  const Value body = request.json();
  std::string path = text_member(body, "path");
  if (const std::string plugin = text_member(body, "plugin"); !plugin.empty()) path = api.registry.get(plugin)->folder;
  if (!path.starts_with('/')) throw Error(Code::invalid, "path: expected an absolute path on the server's machine, or 'plugin'").with("key", "path");
  const package::Contents contents = package::open_package(api.readers, path);
  return Response::json(package::sbom_of(contents, plugin::parse_manifest(contents.manifest(), path + "/manifest.json"), api.version));
}

}  // namespace

void add_advisory_routes(Router& router, const Api& api) {
  router.add({.method = Method::post,
              .pattern = "/api/v1/advisories/import",
              .id = "importAdvisories",
              .tag = "packages",
              .summary = "Take advisories over from a folder or a zip of OSV's, so that scans know them",
              .request = object({{"path", string("on the server's machine")}}, {"path"}),
              .response = object({{"files", integer()}, {"kept", integer()}, {"withdrawn", integer()}, {"elsewhere", integer("of other ecosystems")}, {"problems", list(string())}},
                                 {"files", "kept", "withdrawn"}),
              .errors = {Code::not_found},
              .scope = Scope::admin,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) { return take_over(api, request); })});
  router.add({.pattern = "/api/v1/advisories",
              .id = "countAdvisories",
              .tag = "packages",
              .summary = "How many advisories are known, by ecosystem",
              .response = object({{"advisories", object({{"PyPI", integer()}, {"CRAN", integer()}, {"Go", integer()}})}}, {"advisories"}),
              .handler = answering([&api](const Request&) { return status(api); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/packages/sbom",
              .id = "billOfMaterials",
              .tag = "packages",
              .summary = "The bill of materials of a package or of a plugin that is here, as CycloneDX 1.6",
              .request = object({{"path", string("a folder or an archive on the server's machine")}, {"plugin", string("or a plugin's id")}}),
              .response = object({{"bomFormat", string()}, {"specVersion", string()}, {"components", list(anything())}}, {"bomFormat", "specVersion", "components"}),
              .errors = {Code::not_found, Code::plugin},
              .scope = Scope::operate,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) { return bill(api, request); })});
}

}  // namespace mortise::http
