#include "market/sources.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "data/value_json.h"
#include "market/carrier.h"
#include "market/root_chain.h"
#include "os/file.h"
#include "os/paths.h"
#include "package/contents.h"
#include "plugin/manifest.h"
#include "store/connection.h"
#include "store/database.h"
#include "store/sha256.h"

namespace mortise::market {
namespace {

namespace fs = std::filesystem;
using store::Connection;
using store::Durability;
using store::MarketStore;

constexpr mode_t open_to_all = 0644;

std::string token_in(const std::string& file) {
  std::string token = os::read_file(file, 4'096);
  token.erase(token.find_last_not_of(" \r\n\t") + 1);
  if (!token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7F; })) return token;
  throw Error(Code::invalid, "'" + file + "' holds no token", "one line, without blanks, as `mortise token create` shows it").with("file", file);
}

std::unique_ptr<Carrier> carrier_of(const store::SourceRow& row) {
  return carrier_for(row.address, row.token_file.empty() ? std::string() : token_in(row.token_file));
}

std::vector<package::PublicKey> keys_of(const store::SourceRow& row) {
  std::vector<package::PublicKey> keys;
  const Value texts = data::parse_json(row.keys);
  for (const Value& key : texts.items()) keys.push_back(package::PublicKey::parse(key.as_string()));
  return keys;
}

bool share_a_key(const Root& a, const Root& b) {
  return std::any_of(a.snapshots.begin(), a.snapshots.end(), [&](const package::PublicKey& key) {
    return std::find(b.snapshots.begin(), b.snapshots.end(), key) != b.snapshots.end();
  });
}

struct State {
  std::string text, signature;
  Snapshot snapshot;
};

// A server may sign a new state between the two files: then they are asked for once more.
State newest_snapshot(Carrier& carrier, const store::SourceRow& row, const Root& root, const Seen& seen) {
  for (int attempt = 0;; ++attempt) {
    std::string signature = carrier.get("snapshot.json.minisig", largest_signature);
    std::string text = carrier.get("snapshot.json", largest_snapshot);
    try {
      Snapshot snapshot = accept_snapshot(row.name, root, seen, text, signature, now());
      return {std::move(text), std::move(signature), std::move(snapshot)};
    } catch (const Error& error) {
      if (attempt == 2 || error.detail("deceit") != "not signed") throw;
    }
  }
}

// All of it, out of what the row holds and what the carrier brings.
Known newest_state(Carrier& carrier, store::SourceRow row) {
  std::optional<Root> before;
  if (!row.root.empty()) before = Root::parse(row.root);
  Root root = RootChain(carrier, row.name, keys_of(row)).newest(before);
  // With new keys the count begins anew: whoever had the old ones may have signed any number.
  const bool counts = !before || share_a_key(*before, root);
  const Seen seen = counts ? Seen{row.snapshot_version, row.snapshot_sha256} : Seen{};
  State state = newest_snapshot(carrier, row, root, seen);
  if (state.snapshot.version != row.snapshot_version || !counts) row.index = carrier.get(state.snapshot.index, largest_index);
  Listing listing = accept_index(row.name, state.snapshot, row.index);
  row.root = root.text();
  row.snapshot_version = state.snapshot.version;
  row.snapshot_sha256 = store::sha256_of(state.text);
  row.snapshot = std::move(state.text);
  row.signature = std::move(state.signature);
  row.updated = now();
  row.problem.clear();
  return {std::move(row), std::move(root), std::move(state.snapshot), std::move(listing)};
}

Error unknown(const std::string& name) {
  return Error(Code::not_found, "no marketplace '" + name + "' is known here", "mortise marketplace list; mortise marketplace add " + name + " ADDRESS --key FILE")
      .with("marketplace", name);
}

void check_name(const std::string& name) {
  try {
    plugin::check_plugin_name(name);
  } catch (const Error&) {
    throw Error(Code::invalid, "a marketplace's name has letters, digits, '_' and '-'", "such as `lab`").with("key", "name").with("got", name);
  }
  if (name == "own") throw Error(Code::invalid, "'own' is the marketplace of this host itself", "choose another name").with("key", "name");
}

}  // namespace

Sources::Sources(store::Database& database, Log log, fs::path mirrors) : database_(database), log_(std::move(log)), mirrors_(std::move(mirrors)) {}

Sources::Entry Sources::add(const std::string& name, const std::string& address, const std::vector<package::PublicKey>& keys, const std::string& token_file) {
  check_name(name);
  if (keys.empty()) {
    throw Error(Code::invalid, "a marketplace is known by its public key, and none was given", "--key FILE: whoever tends the marketplace shows it with `mortise marketplace status`")
        .with("key", "keys");
  }
  Value texts = Value::list();
  for (const package::PublicKey& key : keys) texts.push_back(key.text());
  store::SourceRow row;
  row.name = name;
  row.address = address;
  row.token_file = token_file;
  row.keys = data::to_json(texts);
  row.added = now();
  const std::lock_guard lock(changing_);
  Known known = newest_state(*carrier_of(row), row);
  database_.write(Durability::full, [row = known.row](Connection& connection) { MarketStore(connection).add(row); }).get();
  log_.info("a marketplace is known", {{"marketplace", name}, {"address", address}, {"snapshot", known.snapshot.version}});
  const std::lock_guard guard(known_mutex_);
  known_.reset();
  return std::make_shared<const Known>(std::move(known));
}

Sources::Entry Sources::update(const std::string& name) {
  const std::lock_guard lock(changing_);
  const Entry before = get(name);
  try {
    Known known = newest_state(*carrier_of(before->row), before->row);
    keep(known);
    return get(name);
  } catch (const Error& error) {
    Known same = *before;
    same.row.problem = error.describe();
    keep(same);
    log_.failure("a marketplace was not updated; what was known of it holds", error, {{"marketplace", name}});
    throw;
  }
}

void Sources::keep(const Known& known) {
  database_.write(Durability::full, [row = known.row](Connection& connection) { MarketStore(connection).update(row); }).get();
  const std::lock_guard guard(known_mutex_);
  known_.reset();
}

void Sources::remove(const std::string& name) {
  const std::lock_guard lock(changing_);
  const bool there = database_.write(Durability::full, [name](Connection& connection) { return MarketStore(connection).remove_source(name); }).get();
  if (!there) throw unknown(name);
  const std::lock_guard guard(known_mutex_);
  known_.reset();
}

std::vector<Sources::Entry> Sources::load() const {
  std::vector<Entry> all;
  for (store::SourceRow& row : database_.read([](Connection& connection) { return MarketStore(connection).sources(); })) {
    Root root = Root::parse(row.root);
    Snapshot snapshot = Snapshot::parse(row.snapshot);
    Listing listing = accept_index(row.name, snapshot, row.index);
    all.push_back(std::make_shared<const Known>(Known{std::move(row), std::move(root), std::move(snapshot), std::move(listing)}));
  }
  return all;
}

std::vector<Sources::Entry> Sources::list() const {
  const std::lock_guard guard(known_mutex_);
  if (!known_) known_ = load();
  return *known_;
}

Sources::Entry Sources::get(const std::string& name) const {
  for (const Entry& entry : list()) {
    if (entry->row.name == name) return entry;
  }
  throw unknown(name);
}

Sources::Fetched Sources::fetch(const Known& known, const Release& release) const {
  require_fresh(known.row.name, known.snapshot, now());
  const auto carrier = carrier_of(known.row);
  const auto verified = [&](const std::string& file, std::uint64_t limit) {
    std::string content = carrier->get(file, limit);
    accept_file(known.row.name, known.snapshot, file, content);
    return content;
  };
  Fetched fetched{verified(release.file, package::Limits{}.archive_bytes), {}};
  if (!release.signer.empty()) fetched.signature = verified(release.file + ".minisig", largest_signature);
  return fetched;
}

std::string Sources::mirror_folder(const std::string& name) const { return (mirrors_ / name).string(); }

Sources::Mirrored Sources::mirror(const std::string& name, const std::string& folder) {
  const Entry known = update(name);
  const auto carrier = carrier_of(known->row);
  Mirrored mirrored{folder.empty() ? mirror_folder(name) : folder, known->snapshot.version, 0};
  const auto put = [&](const std::string& file, const std::string& content) {
    const std::string path = os::join(mirrored.folder, file);
    os::make_directories(os::parent_of(path), 0755);
    os::write_file(path, content, open_to_all);
    ++mirrored.files;
  };
  for (const auto& [file, listed] : known->snapshot.files) {
    const std::string path = os::join(mirrored.folder, file);
    std::error_code failure;
    if (fs::exists(path, failure) && store::sha256_of_file(path) == listed.sha256) continue;
    const std::string content = carrier->get(file, largest_index);
    accept_file(name, known->snapshot, file, content);
    put(file, content);
  }
  RootChain(*carrier, name, keys_of(known->row)).copy(known->root, put);
  put("snapshot.json.minisig", known->row.signature);  // the very bytes that were accepted
  put("snapshot.json", known->row.snapshot);
  return mirrored;
}

std::optional<std::string> Sources::file_of_mirror(const std::string& name, const std::string& file) const {
  const bool snapshot = file == "snapshot.json" || file == "snapshot.json.minisig";
  const bool root = file.starts_with("root/") && file.find('/', 5) == std::string::npos && file.find("..") == std::string::npos;
  if (!snapshot && !root && !is_market_file(file)) return std::nullopt;
  (void)get(name);
  const std::string path = os::join(mirror_folder(name), file);
  std::error_code failure;
  if (!fs::exists(path, failure)) return std::nullopt;
  return os::read_file(path, largest_index);
}

}  // namespace mortise::market
