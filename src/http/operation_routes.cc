#include "http/api.h"
#include "http/openapi.h"

namespace mortise::http {

using namespace schema;

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
}

}  // namespace mortise::http
