#include "dialects/omniscope/marketplace.h"

#include <algorithm>

#include "base/error.h"
#include "dialects/omniscope/guide_table.h"
#include "http/api.h"
#include "http/market_routes.h"
#include "http/openapi.h"
#include "market/marketplace.h"
#include "market/shelves.h"
#include "plugin/registry.h"

namespace mortise::dialects::omniscope {
namespace {

using namespace http::schema;

using http::Method;
using http::Response;

constexpr std::int64_t usual_page = 50, largest_page = 500;
constexpr std::size_t featured_count = 10;

std::int64_t count_in(const Value& body, const char* key, std::int64_t otherwise, std::int64_t most) {
  const Value* found = body.find(key);
  if (found == nullptr || found->is_null()) return otherwise;
  if (found->is(Kind::int64) && found->as_int64() >= 0 && found->as_int64() <= most) return found->as_int64();
  throw Error(Code::invalid, std::string(key) + ": expected a number from 0 to " + std::to_string(most)).with("key", key);
}

market::Query query_in(const Value& body) {
  if (!body.is_null() && !body.is(Kind::map)) throw Error(Code::invalid, "body: expected an object").with("key", "body");
  market::Query query;
  query.text = http::text_member(body, "query");
  query.category = http::text_member(body, "category");
  query.language = http::text_member(body, "language");
  query.point = http::text_member(body, "extension_point");
  if (const Value* tags = body.find("tags"); tags != nullptr && !tags->is_null()) {
    if (!tags->is(Kind::list)) throw Error(Code::invalid, "tags: expected a list of texts").with("key", "tags");
    for (const Value& tag : tags->items()) query.tags.emplace_back(tag.as_string());
  }
  query.verified_only = http::flag_member(body, "verified_only").value_or(false);
  if (const std::string sort = http::text_member(body, "sort_by"); !sort.empty()) query.sort = http::sort_named(sort);
  query.limit = static_cast<std::size_t>(count_in(body, "limit", usual_page, largest_page));
  query.offset = static_cast<std::size_t>(count_in(body, "offset", 0, INT32_MAX));
  return query;
}

Response listed(const market::Shelves& shelves, const std::vector<const market::Offer*>& offers, std::size_t total) {
  Value all = Value::list();
  for (const market::Offer* offer : offers) all.push_back(market::summary_of(shelves, *offer));
  Response response = Response::json(all);
  response.headers.emplace_back("X-Total-Count", std::to_string(total));
  return response;
}

Response find(const http::Api& api, const http::Request& request) {
  const market::Query query = query_in(request.json());
  const market::Shelves shelves(api.marketplace, api.marketplaces);
  const market::Found found = market::search(shelves.offers(), query);
  return listed(shelves, found.page, found.total);
}

// Those that the operator features, the best rated first; others of the best rated fill the page.
Response featured(const http::Api& api) {
  const market::Shelves shelves(api.marketplace, api.marketplaces);
  market::Query query;
  query.sort = market::Query::Sort::rating;
  query.limit = shelves.offers().size();
  std::vector<const market::Offer*> all = market::search(shelves.offers(), query).page;
  std::stable_partition(all.begin(), all.end(), [](const market::Offer* offer) { return offer->featured; });
  all.resize(std::min(all.size(), featured_count));
  return listed(shelves, all, all.size());
}

Response categories(const http::Api& api) {
  const market::Shelves shelves(api.marketplace, api.marketplaces);
  Value all = Value::list();
  for (const market::Category& category : market::categories_of(shelves.offers())) all.push_back(Value::map({{"category", category.name}, {"count", category.count}}));
  return Response::json(all);
}

// One that is here, or one that the host's own marketplace offers.
std::string plugin_named(const Surroundings& host, const http::Request& request) {
  const std::string id(request.variable("plugin_id"));
  if (const auto plugin = host.registry.find(id)) return plugin->id;
  if (host.api.marketplace.listing()->find(id) != nullptr) return id;
  throw Error(Code::not_found, "Plugin with ID '" + id + "' not found", "GET /api/plugins/list shows those that are there, the marketplace those that can be").with("plugin", id);
}

std::string who(const http::Request& request, const Value& body) {
  const auto named = request.parameter("user_id");
  return http::opinion_of(request, named ? std::string(*named) : http::text_member(body, "user_id"));
}

Value body_of(const http::Request& request, std::initializer_list<const char*> required) {
  Value body = request.json();
  for (const char* key : required) {
    if (!body.has(key)) throw Error(Code::invalid, "field required", std::string("send ") + key).with("lacking", key);
  }
  return body;
}

Response rate(const Surroundings& host, const http::Request& request) {
  const std::string plugin = plugin_named(host, request);
  const Value body = body_of(request, {"rating"});
  host.api.marketplace.rate(plugin, who(request, body), http::stars_member(body));
  const store::StandingRow row = host.api.marketplace.standing(plugin);
  return Response::json(Value::map({{"message", "Plugin rated successfully"},
                                    {"plugin_id", plugin},
                                    {"rating", http::stars_member(body)},
                                    {"rating_average", static_cast<double>(row.stars) / static_cast<double>(row.ratings)},
                                    {"rating_count", row.ratings}}));
}

Response review(const Surroundings& host, const http::Request& request) {
  const std::string plugin = plugin_named(host, request);
  const Value body = body_of(request, {"title", "review_text"});
  try {
    host.api.marketplace.review(plugin, who(request, body), http::text_member(body, "title"), http::text_member(body, "review_text"));
  } catch (const Error& error) {
    if (error.code() == Code::conflict) throw Error(Code::invalid, error.what(), error.hint());  // the guide's 400
    throw;
  }
  return Response::json(Value::map({{"message", "Review added successfully"}, {"plugin_id", plugin}}));
}

}  // namespace

void add_market_routes(http::Router& router, const Surroundings& host) {
  GuideTable table(router);
  const auto add = [&table](http::Route route) { table.add(std::move(route)); };
  const Value found = list(object({{"id", string()}, {"name", string()}, {"version", string()}, {"downloads", integer()}, {"rating_average", number()}, {"rating_count", integer()}}));
  const std::vector<http::Parameter> id{{"plugin_id", "the plugin's id or another of its names", string()},
                                        {"user_id", "who says it, where the request has no token; absent: anonymous", string()}};
  add({.method = Method::post,
       .pattern = "/api/plugins/marketplace/search",
       .id = "searchAnalysisMarketplace",
       .summary = "Search the marketplaces that are known here",
       .request = object({{"query", string()}, {"category", string()}, {"language", string()}, {"tags", list(string())}, {"extension_point", string()},
                          {"verified_only", boolean()}, {"sort_by", one_of({"downloads", "rating", "recent"})}, {"limit", integer("absent: 50")}, {"offset", integer()}}),
       .response = found,
       .scope = http::Scope::read,
       .handler = http::answering([&host](const http::Request& request) { return find(host.api, request); })});
  add({.pattern = "/api/plugins/marketplace/featured",
       .id = "featuredAnalysisPlugins",
       .summary = "Ten plugins, those that the operator features first",
       .response = found,
       .handler = http::answering([&host](const http::Request&) { return featured(host.api); })});
  add({.pattern = "/api/plugins/marketplace/categories",
       .id = "analysisMarketplaceCategories",
       .summary = "The categories of what is offered",
       .response = list(object({{"category", string()}, {"count", integer()}})),
       .handler = http::answering([&host](const http::Request&) { return categories(host.api); })});
  add({.method = Method::post,
       .pattern = "/api/plugins/{plugin_id}/rate",
       .id = "rateAnalysisPlugin",
       .summary = "Rate a plugin, 1 to 5; one rating of each, a later one takes its place",
       .parameters = id,
       .request = object({{"rating", integer("1 to 5")}}, {"rating"}),
       .response = object({{"rating_average", number()}, {"rating_count", integer()}}, {"rating_average", "rating_count"}),
       .errors = {Code::not_found},
       .handler = http::answering([&host](const http::Request& request) { return rate(host, request); })});
  add({.method = Method::post,
       .pattern = "/api/plugins/{plugin_id}/review",
       .id = "reviewAnalysisPlugin",
       .summary = "Review a plugin; one review of each",
       .parameters = id,
       .request = object({{"title", string()}, {"review_text", string()}}, {"title", "review_text"}),
       .response = object({{"message", string()}}, {"message"}),
       .errors = {Code::not_found},
       .handler = http::answering([&host](const http::Request& request) { return review(host, request); })});
}

}  // namespace mortise::dialects::omniscope
