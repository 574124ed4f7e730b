#include "base/error.h"
#include "http/api.h"
#include "http/openapi.h"

namespace mortise::http {

using namespace schema;

namespace {

Response backup(const Api& api, const Request& request) {
  const Value body = request.json();
  const Value* file = body.is(Kind::map) ? body.find("file") : nullptr;
  if (file == nullptr || !file->is(Kind::string) || !file->as_string().starts_with("/")) {
    throw Error(Code::invalid, "file: expected an absolute path on the server's machine",
                R"(send {"file": "/backups/mortise.tar"})")
        .with("key", "file");
  }
  const Value made = api.backup(std::string(file->as_string()));
  api.log.info("backup made", {{"file", file->as_string()}, {"by", request.asker}});
  return Response::json(made, 201);
}

}  // namespace

void add_operation_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/config",
              .id = "getConfiguration",
              .tag = "operation",
              .summary = "The configuration that holds, with the origin of each value",
              .response = object(
                  {{"file", string()},
                   {"values", list(object({{"key", string()},
                                           {"source", one_of({"default", "file", "environment", "command line"})},
                                           {"place", string()}},
                                          {"key", "value", "source", "place"}))}},
                  {"file", "values"}),
              .scope = Scope::operate,
              .handler = answering([&api](const Request&) { return Response::json(api.configuration()); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/config/reload",
              .id = "reloadConfiguration",
              .tag = "operation",
              .summary = "Read the configuration again, as SIGHUP does",
              .response = object({{"changed", list(string(), "keys whose new value holds")},
                                  {"restart", list(string(), "keys whose new value waits for the next start")}},
                                 {"changed", "restart"}),
              .scope = Scope::operate,
              .handler = answering([&api](const Request&) { return Response::json(api.reload()); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/backup",
              .id = "makeBackup",
              .tag = "operation",
              .summary = "Write a backup of the data folder to a file of the server's machine, while it works",
              .request = object({{"file", string("an absolute path")}}, {"file"}),
              .response = object({{"file", string()}, {"files", integer()}, {"bytes", integer()}, {"sha256", string()}},
                                 {"file", "files", "bytes", "sha256"}),
              .success = 201,
              .scope = Scope::admin,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) { return backup(api, request); })});
}

}  // namespace mortise::http
