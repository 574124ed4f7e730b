#include "market/trust.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "data/value_json.h"
#include "market/fields.h"
#include "store/sha256.h"

namespace mortise::market {
namespace {

constexpr std::size_t most_files = 500'000;
constexpr std::size_t most_keys = 20;

Error deceit(const char* kind, const std::string& market, const std::string& message, const std::string& hint) {
  return Error(Code::denied, "marketplace '" + market + "': " + message, hint).with("deceit", kind).with("marketplace", market);
}

std::vector<package::PublicKey> keys_in(const Fields& fields, const char* key) {
  std::vector<package::PublicKey> keys;
  for (const std::string& text : fields.texts(key, most_keys)) keys.push_back(package::PublicKey::parse(text, fields.place()));
  if (keys.empty()) throw fields.wrong(key, "at least one public key");
  return keys;
}

Value texts_of(const std::vector<package::PublicKey>& keys) {
  Value list = Value::list();
  for (const package::PublicKey& key : keys) list.push_back(key.text());
  return list;
}

// A document of ours: its kind, and a format that is known.
Value document_of(std::string_view text, const char* kind, const std::string& file) {
  Value document = data::parse_json(text, {.bytes = largest_snapshot}, file);
  const Fields fields(document, file);
  if (fields.text("kind", 40) != kind) throw fields.wrong("kind", kind);
  if (fields.number("format", 1) != 1) throw fields.wrong("format", "1; a newer mortise reads newer ones");
  return document;
}

void require_signed(const std::string& market, const std::string& file, const std::vector<package::PublicKey>& keys, std::string_view text,
                    std::string_view signature) {
  const std::string claimed = package::Signature::claimed_key_id(signature, file + ".minisig");
  for (const package::PublicKey& key : keys) {
    if (key.id_text() != claimed) continue;
    try {
      (void)package::Signature::verify(signature, text, key, file + ".minisig");
      return;
    } catch (const Error&) {
      throw deceit("not signed", market, file + " is not what key " + claimed + " signed: it was changed on its way",
                   "fetch it from somewhere else; what was known of the marketplace still holds");
    }
  }
  throw deceit("not signed", market, file + " is signed with key " + claimed + ", which this host does not trust for it",
               "ask whoever tends the marketplace for its present key, then `mortise marketplace add` it anew");
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 400 && text.front() != '.' && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '+';
  });
}

std::string count_of(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

}  // namespace

std::string root_file(std::int64_t version) { return "root/" + std::to_string(version) + ".json"; }

bool is_market_file(std::string_view file) noexcept {
  if (file.starts_with("packages/")) return is_name(file.substr(9));
  return file.starts_with("index/") && file.size() == 75 && file.ends_with(".json") && is_sha256(file.substr(6, 64));
}

Root Root::parse(std::string_view text, const std::string& file) {
  const Value document = document_of(text, "root", file);
  const Fields fields(document, file);
  return {fields.number("version", 1), keys_in(fields, "root_keys"), keys_in(fields, "snapshot_keys")};
}

std::string Root::text() const {
  return data::to_json(Value::map({{"kind", "root"}, {"format", 1}, {"version", version}, {"root_keys", texts_of(roots)}, {"snapshot_keys", texts_of(snapshots)}}),
                       {.indent = 1}) + "\n";
}

Snapshot Snapshot::parse(std::string_view text, const std::string& file) {
  const Value document = document_of(text, "snapshot", file);
  const Fields fields(document, file);
  Snapshot snapshot{fields.number("version", 1), fields.time("issued"), fields.time("expires"), fields.text("index", 400), {}};
  const Value& files = fields.map("files");
  if (files.size() > most_files) throw fields.wrong("files", "at most " + std::to_string(most_files));
  for (const Member& member : files.members()) {
    const std::string name(member.key());
    if (!is_market_file(name)) throw fields.wrong("files", "names below packages/ and index/, got '" + name.substr(0, 200) + "'");
    const Fields one(member.value(), file + ": " + name);
    snapshot.files[name] = {one.sha256("sha256"), static_cast<std::uint64_t>(one.number("bytes"))};
  }
  if (!snapshot.files.contains(snapshot.index) || !snapshot.index.starts_with("index/")) throw fields.wrong("index", "one of the files");
  return snapshot;
}

std::string Snapshot::text() const {
  Value all = Value::map();
  all.reserve(files.size());
  for (const auto& [name, file] : files) all.append(name, Value::map({{"sha256", file.sha256}, {"bytes", static_cast<std::int64_t>(file.bytes)}}));
  return data::to_json(Value::map({{"kind", "snapshot"},
                                   {"format", 1},
                                   {"version", version},
                                   {"issued", to_rfc3339(issued)},
                                   {"expires", to_rfc3339(expires)},
                                   {"index", index},
                                   {"files", std::move(all)}}),
                       {.indent = 1}) + "\n";
}

Root accept_root(const std::string& market, const std::vector<package::PublicKey>& keys, std::int64_t version, std::string_view text,
                 std::string_view signature) {
  const std::string file = root_file(version);
  require_signed(market, file, keys, text, signature);
  Root root = Root::parse(text, file);
  if (root.version != version) {
    throw deceit("rollback", market, file + " holds root " + std::to_string(root.version) + ": an old root is put in the place of a newer one",
                 "fetch the marketplace from somewhere else");
  }
  return root;
}

Snapshot accept_snapshot(const std::string& market, const Root& root, const Seen& seen, std::string_view text, std::string_view signature, Time now) {
  require_signed(market, "snapshot.json", root.snapshots, text, signature);
  Snapshot snapshot = Snapshot::parse(text);
  const std::string offered = std::to_string(snapshot.version), known = std::to_string(seen.version);
  if (snapshot.version < seen.version) {
    throw deceit("rollback", market, "rollback: snapshot " + offered + " is offered, and this host has seen " + known + " already: an old state is being replayed",
                 "fetch the marketplace from somewhere else; what this host knows of it still holds");
  }
  if (snapshot.version == seen.version && store::sha256_of(text) != seen.sha256) {
    throw deceit("two states", market, "there are two states with the version " + offered + ": different readers are shown different things",
                 "tell whoever tends the marketplace; its signing key may be in other hands");
  }
  require_fresh(market, snapshot, now);
  return snapshot;
}

void require_fresh(const std::string& market, const Snapshot& snapshot, Time now) {
  if (snapshot.expires.nanoseconds > now.nanoseconds) return;
  throw deceit("freeze", market, "freeze: snapshot " + std::to_string(snapshot.version) + " expired on " + to_rfc3339(snapshot.expires) +
                                     ": a newer state is held back, or nobody tends the marketplace",
               "fetch it anew: `mortise marketplace update " + market + "`; check this machine's clock, too");
}

void accept_file(const std::string& market, const Snapshot& snapshot, const std::string& file, std::string_view content) {
  const auto listed = snapshot.files.find(file);
  if (listed == snapshot.files.end()) {
    throw deceit("mixed", market, "mixed: snapshot " + std::to_string(snapshot.version) + " does not list " + file + ": index and snapshot are of two states",
                 "`mortise marketplace update " + market + "`, or fetch it from somewhere else");
  }
  const std::string digest = store::sha256_of(content);
  if (listed->second.bytes == content.size() && listed->second.sha256 == digest) return;
  throw deceit("swapped", market, "swapped: " + file + " is not the file that was signed: it has " + count_of(content.size()) + " and SHA-256 " + digest +
                                      ", signed was " + count_of(listed->second.bytes) + " and " + listed->second.sha256,
               "do not use it; fetch the marketplace from somewhere else")
      .with("file", file);
}

Listing accept_index(const std::string& market, const Snapshot& snapshot, std::string_view content) {
  const auto& listed = snapshot.files.at(snapshot.index);
  if (listed.bytes != content.size() || listed.sha256 != store::sha256_of(content)) {
    throw deceit("mixed", market, "mixed: " + snapshot.index + " is not the index of snapshot " + std::to_string(snapshot.version) + ": it is of another state, or changed",
                 "fetch the marketplace from somewhere else");
  }
  return Listing::parse(content, snapshot.index);
}

}  // namespace mortise::market
