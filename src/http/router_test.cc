#include "http/router.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "http/openapi.h"

using namespace mortise;
using namespace mortise::http;

namespace {

Route route(Method method, std::string pattern, std::string id, std::vector<std::string> variables = {}) {
  Route made{.method = method,
             .pattern = std::move(pattern),
             .id = std::move(id),
             .tag = "test",
             .summary = "A test",
             .response = schema::object({}),
             .handler = [](const Request&, const Responder&) {}};
  for (const std::string& variable : variables) made.parameters.push_back({variable, "which", schema::string()});
  return made;
}

std::string found(const Router& router, Method method, std::vector<std::string> segments) {
  const auto match = router.match(method, segments);
  return match.route == nullptr ? "" : match.route->id;
}

}  // namespace

TEST_CASE("a literal segment wins over a variable, and the variable still gets what the literal does not have") {
  Router router;
  router.add(route(Method::get, "/plugins/{id}", "one", {"id"}));
  router.add(route(Method::get, "/plugins/extension-points", "points"));
  router.add(route(Method::get, "/plugins/{id}/logs", "logs", {"id"}));
  router.add(route(Method::del, "/plugins/{id}", "remove", {"id"}));

  CHECK(found(router, Method::get, {"plugins", "extension-points"}) == "points");
  CHECK(found(router, Method::get, {"plugins", "resize"}) == "one");
  CHECK(found(router, Method::get, {"plugins", "extension-points", "logs"}) == "logs");
  CHECK(found(router, Method::del, {"plugins", "extension-points"}) == "remove");
  CHECK(found(router, Method::get, {"plugins"}).empty());
  CHECK(found(router, Method::get, {"plugins", ""}).empty());
}

TEST_CASE("variables are named as in the pattern") {
  Router router;
  router.add(route(Method::get, "/a/{first}/b/{second}", "both", {"first", "second"}));
  const auto match = router.match(Method::get, std::vector<std::string>{"a", "x/y", "b", "z"});
  REQUIRE(match.route != nullptr);
  CHECK(match.variables == Pairs{{"first", "x/y"}, {"second", "z"}});
}

TEST_CASE("HEAD finds the GET route, and a path tells which methods it has") {
  Router router;
  router.add(route(Method::get, "/runs", "list"));
  router.add(route(Method::post, "/runs", "make"));
  CHECK(found(router, Method::head, {"runs"}) == "list");
  const auto match = router.match(Method::del, std::vector<std::string>{"runs"});
  CHECK(match.route == nullptr);
  CHECK(match.allowed == std::vector<Method>{Method::get, Method::head, Method::post, Method::options});
  CHECK(router.match(Method::get, std::vector<std::string>{"nothing"}).allowed.empty());
}

TEST_CASE("a route table with a double entry or an undescribed variable is refused at start") {
  Router router;
  router.add(route(Method::get, "/a/{x}", "a", {"x"}));
  CHECK_THROWS_AS(router.add(route(Method::get, "/a/{y}", "b", {"y"})), Error);
  CHECK_THROWS_AS(router.add(route(Method::get, "/c", "a")), Error);
  CHECK_THROWS_AS(router.add(route(Method::get, "/d/{x}", "d")), Error);
}

TEST_CASE("the OpenAPI document has every route with its parameters, body and errors") {
  Router router;
  Route make = route(Method::post, "/runs/{id}/steps", "make", {"id"});
  make.parameters.push_back({"wait", "whether to wait", schema::boolean()});
  make.request = schema::object({{"name", schema::string()}}, {"name"});
  make.errors = {Code::not_found, Code::timeout};
  router.add(std::move(make));
  router.add(route(Method::get, "/runs/{id}/steps", "list", {"id"}));

  const Value document = openapi_document(router, "1.2.3");
  CHECK(document.at("openapi").as_string() == "3.1.0");
  const Value& path = document.at("paths").at("/runs/{id}/steps");
  CHECK(path.members().size() == 2);
  const Value& post = path.at("post");
  CHECK(post.at("parameters")[0].at("in").as_string() == "path");
  CHECK(post.at("parameters")[0].at("required").as_bool());
  CHECK(post.at("parameters")[1].at("in").as_string() == "query");
  CHECK_FALSE(post.at("parameters")[1].at("required").as_bool());
  CHECK(post.at("requestBody").at("content").at("application/json").at("schema").at("required")[0].as_string() ==
        "name");
  for (const char* status : {"200", "400", "403", "404", "500", "503", "504"}) {
    CAPTURE(status);
    CHECK(post.at("responses").has(status));
  }
  CHECK_FALSE(path.at("get").has("requestBody"));
}
