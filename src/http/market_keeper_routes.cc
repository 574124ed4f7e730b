// What whoever publishes, and whoever tends this host's marketplace, asks for.
#include "base/clock.h"
#include "base/config_units.h"
#include "base/error.h"
#include "data/value_json.h"
#include "http/body.h"
#include "http/market_routes.h"
#include "http/openapi.h"
#include "market/marketplace.h"
#include "market/sources.h"

namespace mortise::http {

using namespace schema;

namespace {

const Parameter which_name{"name", "the plugin's name", string()};
const Parameter which_version{"version", "one that was published", string()};

Value shown(const store::EntryRow& entry) {
  const Value scan = entry.scan.empty() ? Value() : data::parse_json(entry.scan);
  return Value::map({{"name", entry.name},
                     {"version", entry.version},
                     {"state", entry.state},
                     {"digest", entry.digest},
                     {"sha256", entry.sha256},
                     {"bytes", static_cast<std::int64_t>(entry.bytes)},
                     {"signer", entry.signer},
                     {"publisher", entry.publisher},
                     {"published", to_rfc3339(entry.published)},
                     {"decided_by", entry.decided_by},
                     {"decided", entry.decided ? Value(to_rfc3339(*entry.decided)) : Value()},
                     {"note", entry.note},
                     {"about", data::parse_json(entry.about)},
                     {"scan", scan}});
}

Value entry_schema() {
  return object({{"name", string()},
                 {"version", string()},
                 {"state", one_of({"pending", "approved", "rejected", "withdrawn"})},
                 {"digest", string("of the files")},
                 {"sha256", string("of the archive")},
                 {"bytes", integer()},
                 {"signer", string("the publisher's key; empty: not signed")},
                 {"publisher", string()},
                 {"published", time()},
                 {"note", string("of who decided")},
                 {"about", anything("what the index says of it")},
                 {"scan", anything("what the scanner found")}},
                {"name", "version", "state", "publisher"});
}

Response publish(const Api& api, const Request& request) {
  using Names = store::MarketStore::Names;
  const std::string signature(request.parameter("signature").value_or(""));
  const auto entry = api.marketplace.publish({request.body, signature, request.asker, request.by_operator() ? Names::any : Names::of_their_owner});
  api.log.info("a package was published and waits for a decision", {{"plugin", entry.name}, {"version", entry.version}, {"by", request.asker}});
  return Response::json(shown(entry), 201);
}

Response decide(const Api& api, const Request& request) {
  const std::string name(request.variable("name")), version(request.variable("version")), decision(request.variable("decision"));
  const Value body = request.json();
  const std::string note = text_member(body, "note");
  store::EntryRow entry;
  if (decision == "approve") {
    entry = api.marketplace.approve(name, version, request.asker, note);
  } else if (decision == "reject") {
    entry = api.marketplace.reject(name, version, request.asker, note);
  } else if (decision == "withdraw") {
    entry = api.marketplace.withdraw(name, version, request.asker, note);
  } else {
    throw Error(Code::not_found, "there is no decision '" + decision + "'", "approve, reject or withdraw");
  }
  api.log.info("a package was decided on", {{"plugin", name}, {"version", version}, {"state", entry.state}, {"by", request.asker}});
  return Response::json(shown(entry));
}

Response mark(const Api& api, const Request& request) {
  const Value body = request.json();
  const std::string name(request.variable("name"));
  const auto verified = flag_member(body, "verified"), featured = flag_member(body, "featured");
  if (!verified && !featured) throw Error(Code::invalid, "say 'verified' or 'featured', true or false").with("key", "verified");
  api.marketplace.mark(name, verified, featured);
  const store::StandingRow row = api.marketplace.standing(name);
  return Response::json(Value::map({{"name", name}, {"verified", row.verified}, {"featured", row.featured}}));
}

Response list_entries(const Api& api, const Request& request) {
  Value all = Value::list();
  for (const store::EntryRow& entry : api.marketplace.entries(std::string(request.parameter("state").value_or("")))) all.push_back(shown(entry));
  return Response::json(Value::map({{"entries", std::move(all)}}));
}

Value exported(const market::Snapshot& snapshot) {
  return Value::map({{"snapshot", snapshot.version}, {"expires", to_rfc3339(snapshot.expires)}, {"files", static_cast<std::int64_t>(snapshot.files.size())}});
}

Response export_files(const Api& api, const Request& request) {
  const Value body = request.json();
  const std::string folder = text_member(body, "folder"), expires = text_member(body, "expires");
  if (!folder.starts_with('/')) throw Error(Code::invalid, "folder: expected an absolute path on the server's machine").with("key", "folder");
  std::chrono::seconds expiry = market::usual_expiry;
  if (!expires.empty()) expiry = std::chrono::duration_cast<std::chrono::seconds>(config::parse_duration(expires).value_or(std::chrono::nanoseconds(0)));
  if (expiry < std::chrono::seconds(1)) throw Error(Code::invalid, "expires: expected a second at least, such as 30d").with("key", "expires").with("got", expires);
  Value value = exported(api.marketplace.export_to(folder, expiry));
  value.set("folder", folder);
  value.set("key", api.marketplace.root_key().text());
  return Response::json(value);
}

Response status(const Api& api) {
  const package::PublicKey key = api.marketplace.root_key();
  Value known = Value::list();
  for (const auto& entry : api.marketplaces.list()) known.push_back(entry->row.name);
  return Response::json(Value::map({{"key", key.text()},
                                    {"key_id", key.id_text()},
                                    {"snapshot", api.marketplace.snapshot_version()},
                                    {"plugins", static_cast<std::int64_t>(api.marketplace.listing()->offers.size())},
                                    {"pending", static_cast<std::int64_t>(api.marketplace.entries("pending").size())},
                                    {"marketplaces", std::move(known)}}));
}

void add_keeping(Router& router, const Api& api) {
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/export",
              .id = "exportMarketplace",
              .tag = "marketplace",
              .summary = "Write this host's marketplace as static signed files into a folder",
              .request = object({{"folder", string("on the server's machine")}, {"expires", string("until when it holds, 30d when absent")}}, {"folder"}),
              .response = object({{"folder", string()}, {"snapshot", integer()}, {"expires", time()}, {"files", integer()}, {"key", string("what readers need to know")}},
                                 {"folder", "snapshot", "expires", "key"}),
              .scope = Scope::admin,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) { return export_files(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/rotate",
              .id = "rotateMarketplaceKey",
              .tag = "marketplace",
              .summary = "Sign with a new key from now on; who knows the marketplace takes it over",
              .request = object({{"root", boolean("the root key, too")}}),
              .response = object({{"root", integer("its version")}, {"key", string("the root's: what others are told")}}, {"root", "key"}),
              .errors = {Code::not_found},
              .scope = Scope::admin,
              .handler = answering([&api](const Request& request) {
                const Value body = request.body.empty() ? Value::map() : object_of(request);
                const Value* of_root = body.find("root");
                const bool roots = of_root != nullptr && of_root->is(Kind::boolean) && of_root->as_bool();
                const market::Root root = roots ? api.marketplace.rotate_root() : api.marketplace.rotate();
                return Response::json(Value::map({{"root", root.version}, {"key", root.roots.front().text()}}));
              })});
  router.add({.pattern = "/api/v1/marketplace",
              .id = "marketplaceStatus",
              .tag = "marketplace",
              .summary = "This host's marketplace: the key that others need, its state, and the marketplaces that it knows",
              .response = object({{"key", string()}, {"key_id", string()}, {"snapshot", integer()}, {"plugins", integer()}, {"pending", integer()}, {"marketplaces", list(string())}},
                                 {"key", "snapshot", "plugins", "pending"}),
              .handler = answering([&api](const Request&) { return status(api); })});
}

}  // namespace

void add_market_keeper_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/marketplace/entries",
              .id = "listMarketplaceEntries",
              .tag = "marketplace",
              .summary = "What was published here, and what was decided",
              .parameters = {{"state", "only in this state", one_of({"pending", "approved", "rejected", "withdrawn"})}},
              .response = object({{"entries", list(entry_schema())}}, {"entries"}),
              .scope = Scope::operate,
              .handler = answering([&api](const Request& request) { return list_entries(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/entries",
              .id = "publishPackage",
              .tag = "marketplace",
              .summary = "Publish a package; it is found once the operator approved it",
              .description = "The body is the archive itself, as `mortise plugin pack` makes it.",
              .parameters = {{"signature", "the text of its .minisig", string()}},
              .request = anything("the archive's bytes"),
              .response = entry_schema(),
              .success = 201,
              .errors = {Code::conflict, Code::denied, Code::busy, Code::unsupported},
              .scope = Scope::run,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) { return publish(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/entries/{name}/{version}/{decision}",
              .id = "decideOnPackage",
              .tag = "marketplace",
              .summary = "Approve or reject what was published, or withdraw what was approved",
              .parameters = {which_name, which_version, {"decision", "approve, reject or withdraw", string()}},
              .request = object({{"note", string("why")}}),
              .response = entry_schema(),
              .errors = {Code::not_found, Code::conflict},
              .scope = Scope::operate,
              .handler = answering([&api](const Request& request) { return decide(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/plugins/{name}/mark",
              .id = "markPlugin",
              .tag = "marketplace",
              .summary = "Mark a plugin as verified or featured",
              .parameters = {which_name},
              .request = object({{"verified", boolean()}, {"featured", boolean()}}),
              .response = object({{"name", string()}, {"verified", boolean()}, {"featured", boolean()}}, {"name", "verified", "featured"}),
              .errors = {Code::not_found},
              .scope = Scope::operate,
              .handler = answering([&api](const Request& request) { return mark(api, request); })});
  add_keeping(router, api);
}

}  // namespace mortise::http
