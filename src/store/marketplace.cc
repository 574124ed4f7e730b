#include "store/marketplace.h"

#include "base/error.h"
#include "store/connection.h"
#include "store/rows.h"

namespace mortise::store {
namespace {

constexpr const char* entry_columns =
    "SELECT name, version, state, digest, sha256, bytes, signature, signer, about, scan, publisher, published, decided_by, note, decided"
    " FROM market_entries ";
constexpr const char* standing_columns =
    "SELECT s.name, s.owner, s.verified, s.featured, s.downloads, COUNT(r.stars), COALESCE(SUM(r.stars), 0)"
    " FROM market_standings s LEFT JOIN market_ratings r ON r.name = s.name ";
constexpr const char* standing_groups = " GROUP BY s.name, s.owner, s.verified, s.featured, s.downloads ORDER BY s.name";
constexpr const char* source_columns =
    "SELECT name, address, token_file, keys, root, snapshot, signature, snapshot_sha256, index_text, snapshot_version, added, updated, problem"
    " FROM market_sources ";

EntryRow entry_of(const Statement& row) {
  return {row.text(0), row.text(1), row.text(2),  row.text(3),         row.text(4),  static_cast<std::uint64_t>(row.int64(5)),
          row.text(6), row.text(7), row.text(8),  row.text(9),         row.text(10), Time{row.int64(11)},
          row.text(12), row.text(13), row.optional_time(14)};
}

StandingRow standing_of(const Statement& row) {
  return {row.text(0), row.text(1), row.int64(2) != 0, row.int64(3) != 0, row.int64(4), row.int64(5), row.int64(6)};
}

SourceRow source_of(const Statement& row) {
  return {row.text(0), row.text(1), row.text(2),        row.text(3),           row.text(4), row.text(5),
          row.text(6), row.text(7), row.text(8), row.int64(9), Time{row.int64(10)}, row.optional_time(11), row.text(12)};
}

}  // namespace

void MarketStore::keep_standing(const std::string& name, const std::string& owner) {
  connection_.run("INSERT INTO market_standings (name, owner) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING", name, owner);
}

void MarketStore::publish(const EntryRow& entry, Names names) {
  const auto standing = this->standing(entry.name);
  if (standing && !standing->owner.empty() && standing->owner != entry.publisher && names == Names::of_their_owner) {
    throw Error(Code::denied, "'" + entry.name + "' was published by somebody else first", "choose another name in manifest.json").with("plugin", entry.name);
  }
  if (const auto there = find(entry.name, entry.version)) {
    if (there->state != "rejected") {
      throw Error(Code::conflict, "'" + entry.name + "' " + entry.version + " is published already (" + there->state + ")",
                  "a published version never changes: raise the version in manifest.json")
          .with("plugin", entry.name);
    }
    connection_.run("DELETE FROM market_entries WHERE name = ?1 AND version = ?2", entry.name, entry.version);
  }
  keep_standing(entry.name, entry.publisher);
  connection_.run("UPDATE market_standings SET owner = ?2 WHERE name = ?1 AND owner = ''", entry.name, entry.publisher);
  connection_.run(
      "INSERT INTO market_entries (name, version, state, digest, sha256, bytes, signature, signer, about, scan, publisher, published)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
      entry.name, entry.version, entry.state, entry.digest, entry.sha256, entry.bytes, entry.signature, entry.signer, entry.about, entry.scan,
      entry.publisher, entry.published);
}

std::optional<EntryRow> MarketStore::find(const std::string& name, const std::string& version) {
  return first_row(connection_.query(std::string(entry_columns) + "WHERE name = ?1 AND version = ?2", name, version), entry_of);
}

std::vector<EntryRow> MarketStore::entries(const std::string& state) {
  return all_rows(connection_.query(std::string(entry_columns) + "WHERE ?1 = '' OR state = ?1 ORDER BY published, name, version", state), entry_of);
}

std::vector<EntryRow> MarketStore::versions(const std::string& name) {
  return all_rows(connection_.query(std::string(entry_columns) + "WHERE name = ?1 ORDER BY published, version", name), entry_of);
}

void MarketStore::decide(const std::string& name, const std::string& version, const std::string& state, const std::string& by,
                         const std::string& note, Time when) {
  connection_.run("UPDATE market_entries SET state = ?3, decided_by = ?4, note = ?5, decided = ?6 WHERE name = ?1 AND version = ?2", name, version,
                  state, by, note, when);
}

std::optional<StandingRow> MarketStore::standing(const std::string& name) {
  return first_row(connection_.query(std::string(standing_columns) + "WHERE s.name = ?1" + standing_groups, name), standing_of);
}

std::vector<StandingRow> MarketStore::standings() {
  return all_rows(connection_.query(std::string(standing_columns) + standing_groups), standing_of);
}

void MarketStore::mark(const std::string& name, std::optional<bool> verified, std::optional<bool> featured) {
  if (verified) connection_.run("UPDATE market_standings SET verified = ?2 WHERE name = ?1", name, std::int64_t{*verified});
  if (featured) connection_.run("UPDATE market_standings SET featured = ?2 WHERE name = ?1", name, std::int64_t{*featured});
}

void MarketStore::count_download(const std::string& name) {
  connection_.run("UPDATE market_standings SET downloads = downloads + 1 WHERE name = ?1", name);
}

void MarketStore::rate(const std::string& name, const std::string& principal, std::int64_t stars, Time when) {
  keep_standing(name, "");
  connection_.run(
      "INSERT INTO market_ratings (name, principal, stars, rated) VALUES (?1, ?2, ?3, ?4)"
      " ON CONFLICT (name, principal) DO UPDATE SET stars = excluded.stars, rated = excluded.rated",
      name, principal, stars, when);
}

void MarketStore::review(const ReviewRow& review) {
  keep_standing(review.name, "");
  const auto there = first_row(connection_.query("SELECT 1 FROM market_reviews WHERE name = ?1 AND principal = ?2", review.name, review.principal),
                           [](const Statement& row) { return row.int64(0); });
  if (there) throw Error(Code::conflict, "User has already reviewed this plugin", "one review of each; a rating can be changed").with("plugin", review.name);
  connection_.run("INSERT INTO market_reviews (name, principal, title, text, written) VALUES (?1, ?2, ?3, ?4, ?5)", review.name, review.principal,
                  review.title, review.text, review.written);
}

std::vector<ReviewRow> MarketStore::reviews(const std::string& name, std::int64_t most) {
  return all_rows(
      connection_.query("SELECT name, principal, title, text, written FROM market_reviews WHERE name = ?1 ORDER BY written DESC, principal LIMIT ?2", name, most),
      [](const Statement& row) { return ReviewRow{row.text(0), row.text(1), row.text(2), row.text(3), Time{row.int64(4)}}; });
}

std::int64_t MarketStore::number(const std::string& name) {
  return first_row(connection_.query("SELECT value FROM market_numbers WHERE name = ?1", name), [](const Statement& row) { return row.int64(0); }).value_or(0);
}

void MarketStore::set_number(const std::string& name, std::int64_t value) {
  connection_.run("INSERT INTO market_numbers (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value);
}

void MarketStore::add(const SourceRow& source) {
  if (this->source(source.name)) {
    throw Error(Code::conflict, "a marketplace '" + source.name + "' is known already", "`mortise marketplace remove " + source.name + "` first, or another name")
        .with("marketplace", source.name);
  }
  connection_.run(
      "INSERT INTO market_sources (name, address, token_file, keys, root, snapshot, signature, snapshot_sha256, index_text, snapshot_version, added, updated, problem)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
      source.name, source.address, source.token_file, source.keys, source.root, source.snapshot, source.signature, source.snapshot_sha256, source.index,
      source.snapshot_version, source.added, source.updated, source.problem);
}

void MarketStore::update(const SourceRow& source) {
  connection_.run(
      "UPDATE market_sources SET root = ?2, snapshot = ?3, signature = ?4, snapshot_sha256 = ?5, index_text = ?6, snapshot_version = ?7, updated = ?8, problem = ?9"
      " WHERE name = ?1",
      source.name, source.root, source.snapshot, source.signature, source.snapshot_sha256, source.index, source.snapshot_version, source.updated, source.problem);
}

bool MarketStore::remove_source(const std::string& name) { return connection_.run("DELETE FROM market_sources WHERE name = ?1", name) == 1; }

std::vector<SourceRow> MarketStore::sources() {
  return all_rows(connection_.query(std::string(source_columns) + "ORDER BY added, name"), source_of);
}

std::optional<SourceRow> MarketStore::source(const std::string& name) {
  return first_row(connection_.query(std::string(source_columns) + "WHERE name = ?1", name), source_of);
}

}  // namespace mortise::store
