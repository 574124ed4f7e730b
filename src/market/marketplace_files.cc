// The static files of a marketplace and what signs them (market/marketplace.h).
#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "market/marketplace.h"
#include "market/signing.h"
#include "os/file.h"
#include "os/paths.h"
#include "package/contents.h"
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
constexpr std::size_t indexes_kept = 20;  // readers of a state that was replaced a moment ago still find its index

Time later(Time time, std::chrono::nanoseconds by) { return Time{time.nanoseconds + by.count()}; }

// Newest last, by the time at which they were written.
void forget_old_indexes(const fs::path& folder) {
  std::vector<std::pair<fs::file_time_type, fs::path>> all;
  std::error_code failure;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, failure)) all.emplace_back(entry.last_write_time(), entry.path());
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i + indexes_kept < all.size(); ++i) fs::remove(all[i].second, failure);
}

void copy_file(const std::string& from, const std::string& to) {
  os::make_directories(os::parent_of(to), 0755);
  os::write_file(to, os::read_file(from, largest_index), open_to_all);
}

}  // namespace

std::string Marketplace::public_path(const std::string& file) const { return os::join((folder_ / "public").string(), file); }

std::string Marketplace::pending_path(const store::EntryRow& entry) const {
  return (folder_ / "pending" / (entry.sha256 + ".tar.gz")).string();
}

std::int64_t Marketplace::snapshot_version() const {
  return database_.read([](Connection& connection) { return MarketStore(connection).number("snapshot"); });
}

// Precondition: changing_ is held.
Snapshot Marketplace::sign(std::chrono::seconds expiry) {
  require_keys();
  const auto [revision, entries] = database_.read([](Connection& connection) {
    MarketStore market(connection);
    return std::pair(market.number("revision"), market.entries("approved"));
  });
  const std::string index = listing()->text();
  Snapshot snapshot;
  snapshot.index = "index/" + store::sha256_of(index) + ".json";
  snapshot.files[snapshot.index] = {store::sha256_of(index), index.size()};
  for (const store::EntryRow& entry : entries) {
    const std::string file = release_file(entry.name, entry.version);
    snapshot.files[file] = {entry.sha256, entry.bytes};
    if (!entry.signature.empty()) snapshot.files[file + ".minisig"] = {store::sha256_of(entry.signature), entry.signature.size()};
  }
  snapshot.issued = now();
  snapshot.expires = later(snapshot.issued, expiry);
  // Its number is on the disk before anybody sees it, so that none is ever used twice.
  snapshot.version = database_
                         .write(Durability::full,
                                [revision = revision](Connection& connection) {
                                  MarketStore market(connection);
                                  const std::int64_t next = market.number("snapshot") + 1;
                                  market.set_number("snapshot", next);
                                  market.set_number("signed", revision);
                                  return next;
                                })
                         .get();
  os::make_directories(public_path("index"), 0755);
  os::write_file(public_path(snapshot.index), index, open_to_all);
  write_signed(public_path(""), "snapshot.json", snapshot.text(), key("snapshot.key"), snapshot.version);
  forget_old_indexes(public_path("index"));
  return snapshot;
}

// Precondition: changing_ is held.
Snapshot Marketplace::sign_if_due() {
  require_keys();
  const auto [revision, signed_revision] = database_.read([](Connection& connection) {
    MarketStore market(connection);
    return std::pair(market.number("revision"), market.number("signed"));
  });
  const auto text = read_if_there(public_path("snapshot.json"), largest_snapshot);
  const auto signature = read_if_there(public_path("snapshot.json.minisig"), largest_signature);
  if (!text || !signature || revision != signed_revision) return sign(usual_expiry);
  if (package::Signature::claimed_key_id(*signature) != key("snapshot.key").public_key().id_text()) return sign(usual_expiry);  // it changed
  Snapshot present = Snapshot::parse(*text);
  const std::int64_t half = present.issued.nanoseconds / 2 + present.expires.nanoseconds / 2;
  return now().nanoseconds < half ? present : sign(usual_expiry);
}

std::optional<std::string> Marketplace::file(const std::string& name) {
  const bool snapshot = name == "snapshot.json" || name == "snapshot.json.minisig";
  const bool root = name.starts_with("root/") && name.find("..") == std::string::npos && name.find('/', 5) == std::string::npos;
  if (!snapshot && !root && !is_market_file(name)) return std::nullopt;
  if (name == "snapshot.json.minisig" || name == root_file(1)) {  // what a reader asks for first
    const std::lock_guard lock(changing_);
    (void)sign_if_due();
  }
  auto content = read_if_there(public_path(name), largest_index);
  if (content && name.starts_with("packages/") && !name.ends_with(".minisig")) {
    const auto approved = listing();
    for (const Offer& offer : approved->offers) {
      const auto is_it = [&](const Release& release) { return release.file == name; };
      if (!std::any_of(offer.releases.begin(), offer.releases.end(), is_it)) continue;
      database_.post(Durability::normal, [plugin = offer.name](Connection& connection) {
        MarketStore market(connection);
        market.count_download(plugin);
        market.touch();
      });
      return content;
    }
    return std::nullopt;  // left over by a death in the middle of a withdrawal
  }
  return content;
}

Marketplace::Fetched Marketplace::fetch(const Offer& offer, const Release& release) {
  auto archive = file(release.file);
  if (!archive) {
    throw Error(Code::not_found, "'" + offer.name + "' " + release.version + " is no longer in the marketplace", "mortise marketplace show " + offer.name).with("plugin", offer.name);
  }
  return {*std::move(archive), release.signer.empty() ? std::string() : file(release.file + ".minisig").value_or("")};
}

Snapshot Marketplace::export_to(const fs::path& folder, std::chrono::seconds expiry) {
  const std::lock_guard lock(changing_);
  const Snapshot snapshot = sign(expiry);
  for (std::int64_t version = 1; version < most_roots; ++version) {
    std::error_code failure;
    if (!fs::exists(public_path(root_file(version)), failure)) break;
    for (const std::string& file : {root_file(version), root_file(version) + ".minisig"}) copy_file(public_path(file), (folder / file).string());
  }
  for (const auto& [file, listed] : snapshot.files) copy_file(public_path(file), (folder / file).string());
  for (const char* file : {"snapshot.json.minisig", "snapshot.json"}) copy_file(public_path(file), (folder / file).string());
  return snapshot;
}

}  // namespace mortise::market
