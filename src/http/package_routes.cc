// Packages before they are installed: looked into, packed and signed. Paths are of the server's machine, so all of it is the
// operator's.
#include <filesystem>

#include "base/error.h"
#include "http/api.h"
#include "http/openapi.h"
#include "os/file.h"
#include "package/inspection.h"
#include "package/readers.h"

namespace mortise::http {

using namespace schema;

namespace {

constexpr std::uint64_t largest_key = 16'384;

std::string path_in(const Value& body, const char* key) {
  const Value* path = body.is(Kind::map) ? body.find(key) : nullptr;
  if (path != nullptr && path->is(Kind::string) && path->as_string().starts_with("/")) return std::string(path->as_string());
  throw Error(Code::invalid, std::string(key) + ": expected an absolute path on the server's machine",
              std::string("send {\"") + key + "\": \"/plugins/mine\"}")
      .with("key", key);
}

std::vector<package::PublicKey> keys_in(const Value& body) {
  std::vector<package::PublicKey> keys;
  const Value* files = body.find("keys");
  if (files == nullptr || files->is_null()) return keys;
  for (const Value& file : files->items()) {
    const std::string path(file.as_string());
    keys.push_back(package::PublicKey::parse(os::read_file(path, largest_key), path));
  }
  return keys;
}

Value packed_value(const package::Packed& packed) {
  return Value::map({{"file", packed.file},
                     {"signature", packed.signature.empty() ? Value() : Value(packed.signature)},
                     {"digest", packed.digest},
                     {"bytes", static_cast<std::int64_t>(packed.bytes)}});
}

Value pack(const Api& api, const Value& body) {
  std::optional<package::SecretKey> key;
  if (const Value* file = body.find("key"); file != nullptr && !file->is_null()) {
    const std::string path = path_in(body, "key");
    const Value* password = body.find("password");
    key = package::SecretKey::parse(os::read_file(path, largest_key), password != nullptr ? password->as_string() : std::string_view(), path);
  }
  return packed_value(package::pack(api.readers, path_in(body, "path"), path_in(body, "folder"), key));
}

// Two files, neither of which was there before: a key that is overwritten is lost.
Value make_keys(const Value& body) {
  const std::string secret_file = path_in(body, "file") + ".key";
  const std::string public_file = path_in(body, "file") + ".pub";
  for (const std::string& file : {secret_file, public_file}) {
    if (!std::filesystem::exists(file)) continue;
    throw Error(Code::conflict, "'" + file + "' is there already", "choose another name; a key that is overwritten cannot be had again").with("file", file);
  }
  const package::SecretKey key = package::SecretKey::generate();
  const Value* password = body.find("password");
  os::write_file(secret_file, key.text(password != nullptr && password->is(Kind::string) ? password->as_string() : std::string_view()), 0600);
  const package::PublicKey open = key.public_key();
  os::write_file(public_file, "untrusted comment: minisign public key " + open.id_text() + "\n" + open.text() + "\n", 0644);
  return Value::map({{"secret_key", secret_file}, {"public_key", public_file}, {"key_id", open.id_text()}});
}

Value finding_schema() {
  return object({{"rule", string()},
                 {"severity", one_of({"low", "medium", "high", "critical"})},
                 {"file", string()},
                 {"line", integer()},
                 {"code", string()},
                 {"message", string()},
                 {"advice", string()},
                 {"permission", string("what code like this needs, or empty")}},
                {"rule", "severity", "file", "line", "message", "advice"});
}

Value report_schema() {
  return object({{"name", nullable(string())},
                 {"version", nullable(string())},
                 {"digest", string("SHA-256 over the list of its files")},
                 {"files", integer()},
                 {"bytes", integer()},
                 {"signature", object({{"state", one_of({"none", "unknown_key", "verified", "refused"})}, {"key_id", string()}, {"comment", string()}, {"message", string()}},
                                      {"state", "key_id", "comment", "message"})},
                 {"scan", object({{"verdict", one_of({"safe", "warning", "unsafe"})},
                                  {"risk_level", one_of({"low", "medium", "high"})},
                                  {"issues", list(finding_schema())},
                                  {"warnings", list(finding_schema())},
                                  {"scans_performed", list(string())},
                                  {"lines", integer()}},
                                 {"verdict", "risk_level", "issues", "warnings"})}},
                {"name", "version", "digest", "files", "bytes", "signature", "scan"});
}

}  // namespace

void add_package_routes(Router& router, const Api& api) {
  router.add({.method = Method::post,
              .pattern = "/api/v1/packages/inspect",
              .id = "inspectPackage",
              .tag = "packages",
              .summary = "What a package is, who signed it, and what the scanner finds in it; nothing of it is run",
              .request = object({{"path", string("a folder or an archive on the server's machine")},
                                 {"keys", list(string(), "files with public keys")}},
                                {"path"}),
              .response = report_schema(),
              .errors = {Code::not_found, Code::plugin},
              .scope = Scope::operate,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) {
                const Value body = request.json();
                return Response::json(package::inspect(api.readers, path_in(body, "path"), keys_in(body)));
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/packages/pack",
              .id = "packPackage",
              .tag = "packages",
              .summary = "Pack a folder into an archive, and sign it",
              .request = object({{"path", string("the folder with manifest.json")},
                                 {"folder", string("where the archive goes")},
                                 {"key", nullable(string("a secret key's file"))},
                                 {"password", nullable(string("of the key"))}},
                                {"path", "folder"}),
              .response = object({{"file", string()}, {"signature", nullable(string())}, {"digest", string()}, {"bytes", integer()}},
                                 {"file", "signature", "digest", "bytes"}),
              .success = 201,
              .errors = {Code::not_found, Code::denied},
              .scope = Scope::admin,
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) { return Response::json(pack(api, request.json()), 201); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/packages/keys",
              .id = "makeKeys",
              .tag = "packages",
              .summary = "Make a pair of keys to sign packages with: FILE.key and FILE.pub",
              .request = object({{"file", string("an absolute path without an ending")}, {"password", nullable(string("that opens the secret key"))}}, {"file"}),
              .response = object({{"secret_key", string()}, {"public_key", string()}, {"key_id", string()}}, {"secret_key", "public_key", "key_id"}),
              .success = 201,
              .errors = {Code::conflict},
              .scope = Scope::admin,
              .work = Work::blocking,
              .handler = answering([](const Request& request) { return Response::json(make_keys(request.json()), 201); })});
}

}  // namespace mortise::http
