#include "base/clock.h"
#include "base/config_units.h"
#include "base/error.h"
#include "http/api.h"
#include "http/openapi.h"
#include "http/tokens.h"

namespace mortise::http {
namespace {

using namespace schema;

Value when(const std::optional<Time>& time) { return time ? Value(to_rfc3339(*time)) : Value(); }

std::string_view state_of(const store::TokenRow& row) {
  if (row.revoked) return "revoked";
  return row.expires && row.expires->nanoseconds <= now().nanoseconds ? "expired" : "valid";
}

Value shown(const store::TokenRow& row) {
  return Value::map({{"id", row.id},
                     {"name", row.name},
                     {"scope", row.scope},
                     {"state", state_of(row)},
                     {"created", to_rfc3339(row.created)},
                     {"expires", when(row.expires)},
                     {"last_used", when(row.used)},
                     {"revoked", when(row.revoked)}});
}

Error bad_key(const char* key, const std::string& expected, const Value* got) {
  return Error(Code::invalid,
               std::string(key) + ": expected " + expected +
                   (got != nullptr && got->is(Kind::string) ? ", got '" + std::string(got->as_string()) + "'" : ""))
      .with("key", key)
      .with("expected", expected);
}

Access scope_in(const Value& body) {
  const Value* word = body.find("scope");
  const auto access = word != nullptr && word->is(Kind::string) ? access_named(word->as_string()) : std::nullopt;
  if (!access) throw bad_key("scope", "read, run, operate or admin", word);
  return *access;
}

std::optional<std::chrono::seconds> lifetime_in(const Value& body) {
  const Value* text = body.find("expires");
  if (text == nullptr || text->is_null()) return std::nullopt;
  const auto duration = text->is(Kind::string) ? config::parse_duration(text->as_string()) : std::nullopt;
  if (!duration || *duration < std::chrono::seconds(1)) throw bad_key("expires", "a duration such as 12h or 30d", text);
  return std::chrono::duration_cast<std::chrono::seconds>(*duration);
}

Response make(const Api& api, const Request& request) {
  const Value body = request.json();
  const Value* name = body.find("name");
  if (name == nullptr || !name->is(Kind::string)) throw bad_key("name", "a text that says what the token is for", name);
  const Tokens::Made made = api.tokens.make(std::string(name->as_string()), scope_in(body), lifetime_in(body));
  api.log.info("token made",
               {{"token", made.row.id}, {"name", made.row.name}, {"scope", made.row.scope}, {"by", request.asker}});
  Value answer = shown(made.row);
  answer.set("token", made.secret);
  return Response::json(answer, 201);
}

Value token_schema() {
  return object({{"id", string()},
                 {"name", string()},
                 {"scope", one_of({"read", "run", "operate", "admin"})},
                 {"state", one_of({"valid", "expired", "revoked"})},
                 {"created", time()},
                 {"expires", nullable(time())},
                 {"last_used", nullable(time("to the minute"))},
                 {"revoked", nullable(time())}},
                {"id", "name", "scope", "state", "created"});
}

}  // namespace

void add_token_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/tokens",
              .id = "listTokens",
              .tag = "operation",
              .summary = "The tokens that were made, without their secrets",
              .response = list(token_schema()),
              .scope = Scope::admin,
              .handler = answering([&api](const Request&) {
                Value all = Value::list();
                for (const auto& row : api.tokens.list()) all.push_back(shown(row));
                return Response::json(all);
              })});
  router.add(
      {.method = Method::post,
       .pattern = "/api/v1/tokens",
       .id = "makeToken",
       .tag = "operation",
       .summary = "Make a token; its secret is in this answer and nowhere else",
       .request = object({{"name", string("what it is for")},
                          {"scope", one_of({"read", "run", "operate", "admin"}, "each holds the ones before it")},
                          {"expires", string("how long it holds, such as 30d; absent: until it is revoked")}},
                         {"name", "scope"}),
       .response = token_schema(),
       .success = 201,
       .scope = Scope::admin,
       .handler = answering([&api](const Request& request) { return make(api, request); })});
  router.add({.method = Method::del,
              .pattern = "/api/v1/tokens/{id}",
              .id = "revokeToken",
              .tag = "operation",
              .summary = "Revoke a token, from the next request on",
              .parameters = {{"id", "the id in the list, not the token itself", string()}},
              .response = object({{"revoked", string()}}, {"revoked"}),
              .errors = {Code::not_found},
              .scope = Scope::admin,
              .handler = answering([&api](const Request& request) {
                const std::string id(request.variable("id"));
                api.tokens.revoke(id);
                api.log.info("token revoked", {{"token", id}, {"by", request.asker}});
                return Response::json(Value::map({{"revoked", id}}));
              })});
}

}  // namespace mortise::http
