#include "http/market_routes.h"

#include "base/error.h"
#include "http/openapi.h"
#include "market/marketplace.h"
#include "market/shelves.h"

namespace mortise::http {

using namespace schema;

namespace {

constexpr std::int64_t usual_page = 50, largest_page = 500;

Error bad_key(const char* key, const std::string& expected) {
  return Error(Code::invalid, std::string(key) + ": expected " + expected).with("key", key).with("expected", expected);
}

std::string text_parameter(const Request& request, std::string_view name) { return std::string(request.parameter(name).value_or("")); }

market::Query query_of(const Request& request) {
  market::Query query;
  query.text = text_parameter(request, "query");
  query.category = text_parameter(request, "category");
  query.language = text_parameter(request, "language");
  query.point = text_parameter(request, "extension_point");
  for (const auto& [key, value] : request.query) {
    if (key == "tag") query.tags.push_back(value);
  }
  query.verified_only = request.bool_parameter("verified", false);
  if (const auto sort = request.parameter("sort")) query.sort = sort_named(*sort);
  query.limit = static_cast<std::size_t>(request.int_parameter("limit", usual_page, 1, largest_page));
  query.offset = static_cast<std::size_t>(request.int_parameter("offset", 0, 0, INT32_MAX));
  return query;
}

Response find(const Api& api, const Request& request) {
  const market::Shelves shelves(api.marketplace, api.marketplaces, text_parameter(request, "marketplace"));
  const market::Found found = market::search(shelves.offers(), query_of(request));
  Value plugins = Value::list();
  for (const market::Offer* offer : found.page) plugins.push_back(market::summary_of(shelves, *offer));
  return Response::json(Value::map({{"plugins", std::move(plugins)}, {"total", static_cast<std::int64_t>(found.total)}}));
}

Response categories(const Api& api) {
  const market::Shelves shelves(api.marketplace, api.marketplaces);
  Value all = Value::list();
  for (const market::Category& category : market::categories_of(shelves.offers())) all.push_back(Value::map({{"category", category.name}, {"count", category.count}}));
  return Response::json(Value::map({{"categories", std::move(all)}}));
}

// Opinions are about what the host's own marketplace offers; those of others are theirs.
const market::Offer& own_offer(const market::Shelves& shelves, const Request& request) { return shelves.get(std::string(request.variable("name"))); }

Value rating_of(const Api& api, const std::string& name) {
  const store::StandingRow row = api.marketplace.standing(name);
  return Value::map({{"plugin", name},
                     {"rating_average", row.ratings == 0 ? 0.0 : static_cast<double>(row.stars) / static_cast<double>(row.ratings)},
                     {"rating_count", row.ratings}});
}

Response rate(const Api& api, const Request& request) {
  const market::Shelves shelves(api.marketplace, api.marketplaces, std::string(market::own_marketplace));
  const std::string name = own_offer(shelves, request).name;
  const Value body = request.json();
  api.marketplace.rate(name, opinion_of(request, text_member(body, "user_id")), stars_member(body));
  return Response::json(rating_of(api, name));
}

Response review(const Api& api, const Request& request) {
  const market::Shelves shelves(api.marketplace, api.marketplaces, std::string(market::own_marketplace));
  const std::string name = own_offer(shelves, request).name;
  const Value body = request.json();
  const std::string by = opinion_of(request, text_member(body, "user_id"));
  api.marketplace.review(name, by, text_member(body, "title"), text_member(body, "text"));
  return Response::json(Value::map({{"plugin", name}, {"by", by}}), 201);
}

Value summary_schema() {
  return object({{"name", string()},
                 {"version", string("the newest that is no pre-release")},
                 {"author", string()},
                 {"description", string()},
                 {"language", string()},
                 {"category", string()},
                 {"tags", list(string())},
                 {"downloads", integer()},
                 {"rating_average", number()},
                 {"rating_count", integer()},
                 {"verified", boolean()},
                 {"featured", boolean()},
                 {"published", time()},
                 {"marketplace", string("own, or the name of one that this host knows")}},
                {"name", "version", "downloads", "rating_average", "rating_count", "marketplace"});
}

const Parameter which_name{"name", "the plugin's name", string()};

}  // namespace

std::string opinion_of(const Request& request, std::string_view user_id) {
  if (request.principal == Principal::token) return request.asker;
  if (!user_id.empty()) return "user " + std::string(user_id);
  return request.principal == Principal::operator_ ? request.asker : "anonymous";
}

std::string text_member(const Value& body, const char* key) {
  const Value* found = body.find(key);
  if (found == nullptr || found->is_null()) return {};
  if (!found->is(Kind::string)) throw bad_key(key, "a text");
  return std::string(found->as_string());
}

std::optional<bool> flag_member(const Value& body, const char* key) {
  const Value* found = body.find(key);
  if (found == nullptr || found->is_null()) return std::nullopt;
  if (!found->is(Kind::boolean)) throw bad_key(key, "true or false");
  return found->as_bool();
}

std::int64_t stars_member(const Value& body) {
  const Value* found = body.find("rating");
  if (found == nullptr || !found->is(Kind::int64)) throw bad_key("rating", "1 to 5 stars");
  return found->as_int64();
}

market::Query::Sort sort_named(std::string_view word) {
  using Sort = market::Query::Sort;
  if (word == "downloads") return Sort::downloads;
  if (word == "rating") return Sort::rating;
  if (word == "recent") return Sort::recent;
  throw bad_key("sort", "downloads, rating or recent").with("got", std::string(word.substr(0, 100)));
}

void add_market_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/marketplace/plugins",
              .id = "searchMarketplace",
              .tag = "marketplace",
              .summary = "Search what the marketplaces that are known here offer",
              .parameters = {{"query", "words in name, description, author, category or tags", string()},
                             {"category", "of this category", string()},
                             {"language", "in this language", string()},
                             {"extension_point", "for this extension point", string()},
                             {"tag", "with this tag; may be given again", string()},
                             {"verified", "only those that the operator looked into", boolean()},
                             {"sort", "downloads (also when absent), rating or recent", one_of({"downloads", "rating", "recent"})},
                             {"marketplace", "of this marketplace alone: own, or a name", string()},
                             {"limit", "at most so many, 50 when absent", integer()},
                             {"offset", "from this one on", integer()}},
              .response = object({{"plugins", list(summary_schema())}, {"total", integer("that match")}}, {"plugins", "total"}),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) { return find(api, request); })});
  router.add({.pattern = "/api/v1/marketplace/categories",
              .id = "listMarketplaceCategories",
              .tag = "marketplace",
              .summary = "The categories of what is offered, most first",
              .response = object({{"categories", list(object({{"category", string()}, {"count", integer()}}))}}, {"categories"}),
              .handler = answering([&api](const Request&) { return categories(api); })});
  router.add({.pattern = "/api/v1/marketplace/plugins/{name}",
              .id = "showMarketplacePlugin",
              .tag = "marketplace",
              .summary = "One plugin of a marketplace with its releases and reviews",
              .parameters = {which_name},
              .response = summary_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) {
                const market::Shelves shelves(api.marketplace, api.marketplaces);
                return Response::json(market::page_of(shelves, shelves.get(std::string(request.variable("name")))));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/plugins/{name}/rating",
              .id = "ratePlugin",
              .tag = "marketplace",
              .summary = "Rate a plugin of this host's marketplace; one rating of each, a later one takes its place",
              .parameters = {which_name},
              .request = object({{"rating", integer("1 to 5")}, {"user_id", string("who rates, where the request has no token")}}, {"rating"}),
              .response = object({{"plugin", string()}, {"rating_average", number()}, {"rating_count", integer()}}, {"plugin", "rating_average", "rating_count"}),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) { return rate(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/plugins/{name}/reviews",
              .id = "reviewPlugin",
              .tag = "marketplace",
              .summary = "Review a plugin of this host's marketplace; one review of each",
              .parameters = {which_name},
              .request = object({{"title", string()}, {"text", string()}, {"user_id", string("who reviews, where the request has no token")}}, {"title", "text"}),
              .response = object({{"plugin", string()}, {"by", string()}}, {"plugin", "by"}),
              .success = 201,
              .errors = {Code::not_found, Code::conflict},
              .handler = answering([&api](const Request& request) { return review(api, request); })});
}

}  // namespace mortise::http
