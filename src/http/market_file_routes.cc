// The static files of this host's marketplace and of its mirrors, as trust.h describes them, for hosts that fetch them.
#include "base/error.h"
#include "http/market_routes.h"
#include "http/openapi.h"
#include "market/marketplace.h"
#include "market/sources.h"

namespace mortise::http {

using namespace schema;

namespace {

std::string type_of(const std::string& file) {
  if (file.ends_with(".json")) return "application/json";
  return file.ends_with(".minisig") ? "text/plain; charset=utf-8" : "application/gzip";
}

struct Folder {
  const char* pattern;  // below /marketplace or a mirror
  const char* prefix;
  const char* id;
  const char* summary;
};

constexpr Folder folders[] = {
    {"/{file}", "", "Snapshot", "snapshot.json and its signature"},
    {"/root/{file}", "root/", "Root", "A root and its signature"},
    {"/index/{file}", "index/", "Index", "The index of a state"},
    {"/packages/{file}", "packages/", "Package", "A package, or its publisher's signature"},
};

void add(Router& router, const std::string& base, const Folder& folder, const std::string& id, std::vector<Parameter> parameters,
         const std::function<std::optional<std::string>(const Request&, const std::string&)>& find) {
  parameters.push_back({"file", "its name", string()});
  router.add({.pattern = base + folder.pattern,
              .id = id + folder.id,
              .tag = "marketplace",
              .summary = folder.summary,
              .parameters = std::move(parameters),
              .response = string("the file, as it is"),
              .response_type = "application/octet-stream",
              .errors = {Code::not_found},
              .handler = answering([find, prefix = std::string(folder.prefix)](const Request& request) {
                const std::string file = prefix + std::string(request.variable("file"));
                auto content = find(request, file);
                if (!content) throw Error(Code::not_found, "the marketplace has no file '" + file.substr(0, 200) + "'", "snapshot.json lists those that it has").with("file", file);
                return Response::text(*std::move(content), type_of(file));
              })});
}

}  // namespace

void add_market_file_routes(Router& router, const Api& api) {
  for (const Folder& folder : folders) {
    add(router, "/marketplace", folder, "getMarketplace", {}, [&api](const Request&, const std::string& file) { return api.marketplace.file(file); });
    add(router, "/marketplace/mirrors/{name}", folder, "getMirror", {{"name", "the marketplace's name here", string()}},
        [&api](const Request& request, const std::string& file) { return api.marketplaces.file_of_mirror(std::string(request.variable("name")), file); });
  }
}

}  // namespace mortise::http
