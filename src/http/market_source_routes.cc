// The marketplaces of others that this host knows.
#include "base/clock.h"
#include "base/error.h"
#include "http/market_routes.h"
#include "http/openapi.h"
#include "market/sources.h"
#include "os/file.h"

namespace mortise::http {

using namespace schema;

namespace {

constexpr std::uint64_t largest_key = 16'384;
const Parameter which{"name", "its name here", string()};

Value shown(const market::Known& known) {
  return Value::map({{"name", known.row.name},
                     {"address", known.row.address},
                     {"snapshot", known.snapshot.version},
                     {"expires", to_rfc3339(known.snapshot.expires)},
                     {"expired", known.snapshot.expires.nanoseconds <= now().nanoseconds},
                     {"root", known.root.version},
                     {"plugins", static_cast<std::int64_t>(known.listing.offers.size())},
                     {"updated", known.row.updated ? Value(to_rfc3339(*known.row.updated)) : Value()},
                     {"problem", known.row.problem}});
}

Value source_schema() {
  return object({{"name", string()},
                 {"address", string()},
                 {"snapshot", integer("the version of its state")},
                 {"expires", time()},
                 {"expired", boolean()},
                 {"root", integer()},
                 {"plugins", integer()},
                 {"updated", nullable(time())},
                 {"problem", string("why the last update failed")}},
                {"name", "address", "snapshot", "expires", "expired"});
}

// Each is a file on the server's machine, or the key itself.
std::vector<package::PublicKey> keys_in(const Value& body) {
  std::vector<package::PublicKey> keys;
  const Value* texts = body.find("keys");
  if (texts == nullptr || !texts->is(Kind::list)) throw Error(Code::invalid, "keys: expected a list of public keys, or of files with them").with("key", "keys");
  for (const Value& item : texts->items()) {
    const std::string text(item.as_string());
    if (text.starts_with('/')) {
      keys.push_back(package::PublicKey::parse(os::read_file(text, largest_key), text));
      continue;
    }
    try {
      keys.push_back(package::PublicKey::parse(text));
    } catch (const Error&) {
      throw Error(Code::invalid, "keys: '" + text.substr(0, 100) + "' is neither a public key nor a file with one", "such as RWTr..., or lab.pub")
          .with("key", "keys")
          .with("got", text.substr(0, 100));
    }
  }
  return keys;
}

std::string name_of(const Request& request) { return std::string(request.variable("name")); }

}  // namespace

void add_market_source_routes(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/marketplace/sources",
              .id = "listMarketplaces",
              .tag = "marketplace",
              .summary = "The marketplaces of others that this host knows, as they were added",
              .response = object({{"marketplaces", list(source_schema())}}, {"marketplaces"}),
              .handler = answering([&api](const Request&) {
                Value all = Value::list();
                for (const auto& entry : api.marketplaces.list()) all.push_back(shown(*entry));
                return Response::json(Value::map({{"marketplaces", std::move(all)}}));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/sources",
              .id = "addMarketplace",
              .tag = "marketplace",
              .summary = "Trust a marketplace by its key, and take its present state",
              .request = object({{"name", string("its name here")},
                                 {"address", string("a folder on the server's machine, or http(s)://...")},
                                 {"keys", list(string(), "public keys, or files with them")},
                                 {"token_file", string("a file with the token that its server wants")}},
                                {"name", "address", "keys"}),
              .response = source_schema(),
              .success = 201,
              .errors = {Code::conflict, Code::denied, Code::not_found, Code::busy, Code::timeout, Code::unsupported},
              .scope = Scope::admin,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) {
                const Value body = request.json();
                return Response::json(shown(*api.marketplaces.add(text_member(body, "name"), text_member(body, "address"), keys_in(body), text_member(body, "token_file"))), 201);
              })});
  router.add({.method = Method::del,
              .pattern = "/api/v1/marketplace/sources/{name}",
              .id = "removeMarketplace",
              .tag = "marketplace",
              .summary = "Forget a marketplace; what was installed from it stays",
              .parameters = {which},
              .response = object({{"removed", string()}}, {"removed"}),
              .errors = {Code::not_found},
              .scope = Scope::admin,
              .handler = answering([&api](const Request& request) {
                api.marketplaces.remove(name_of(request));
                return Response::json(Value::map({{"removed", name_of(request)}}));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/sources/{name}/update",
              .id = "updateMarketplace",
              .tag = "marketplace",
              .summary = "Take a marketplace's newest state; an old, held back, swapped or mixed one is refused",
              .parameters = {which},
              .response = source_schema(),
              .errors = {Code::not_found, Code::denied, Code::busy, Code::timeout, Code::unsupported},
              .scope = Scope::operate,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) { return Response::json(shown(*api.marketplaces.update(name_of(request)))); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/marketplace/sources/{name}/mirror",
              .id = "mirrorMarketplace",
              .tag = "marketplace",
              .summary = "Copy a marketplace as it is, each file verified: into a folder, or to be served by this host",
              .parameters = {which},
              .request = object({{"folder", string("on the server's machine; absent: served below /marketplace/mirrors/NAME")}}),
              .response = object({{"folder", string()}, {"snapshot", integer()}, {"files", integer("that were written")}}, {"folder", "snapshot", "files"}),
              .errors = {Code::not_found, Code::denied, Code::busy, Code::timeout, Code::unsupported},
              .scope = Scope::admin,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) {
                const std::string folder = text_member(request.json(), "folder");
                if (!folder.empty() && !folder.starts_with('/')) throw Error(Code::invalid, "folder: expected an absolute path on the server's machine").with("key", "folder");
                const market::Sources::Mirrored made = api.marketplaces.mirror(name_of(request), folder);
                return Response::json(Value::map({{"folder", made.folder}, {"snapshot", made.version}, {"files", static_cast<std::int64_t>(made.files)}}));
              })});
}

}  // namespace mortise::http
