// Publishing, deciding, opinions. Signing and the files are in marketplace_files.cc.
#include "market/marketplace.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "data/value_json.h"
#include "market/publication.h"
#include "os/file.h"
#include "package/contents.h"
#include "package/minisign.h"
#include "store/connection.h"
#include "store/database.h"
#include "store/sha256.h"

namespace mortise::market {
namespace {

using store::Connection;
using store::Durability;
using store::EntryRow;
using store::MarketStore;

// So that a stranger fills no disk.
constexpr std::size_t most_pending = 1'000;
constexpr std::uint64_t most_pending_bytes = 4ULL << 30;
constexpr std::int64_t most_reviews = 50;     // of one plugin in the index
constexpr std::size_t longest_title = 200, longest_review = 10'000, longest_principal = 200;

Error unknown(const std::string& name, const std::string& version) {
  return Error(Code::not_found, "nobody published '" + name + "' " + version + " here", "mortise marketplace search --state pending").with("plugin", name);
}

void require_text(const char* key, const std::string& text, std::size_t longest) {
  if (!text.empty() && text.size() <= longest) return;
  throw Error(Code::invalid, std::string(key) + ": expected a text of at most " + std::to_string(longest) + " bytes").with("key", key);
}

}  // namespace

Marketplace::Marketplace(store::Database& database, package::Readers& readers, std::filesystem::path folder)
    : database_(database), readers_(readers), folder_(std::move(folder)) {}

EntryRow Marketplace::publish(const Publication& publication) {
  EntryRow entry = entry_for(readers_, publication.archive, publication.signature);
  entry.publisher = publication.publisher;
  entry.published = now();
  const std::lock_guard lock(changing_);
  const std::vector<EntryRow> waiting = entries("pending");
  std::uint64_t bytes = entry.bytes;
  for (const EntryRow& one : waiting) bytes += one.bytes;
  if (waiting.size() >= most_pending || bytes > most_pending_bytes) {
    throw Error(Code::busy, std::to_string(waiting.size()) + " packages wait for a decision already", "the operator decides: mortise marketplace approve|reject");
  }
  const std::string path = pending_path(entry);
  os::make_directories((folder_ / "pending").string());
  os::write_file(path, publication.archive, 0600);
  try {
    database_.write(Durability::full, [entry, names = publication.names](Connection& connection) { MarketStore(connection).publish(entry, names); }).get();
  } catch (const Error&) {
    std::error_code ignored;
    const auto has_it = [&](const EntryRow& one) { return one.sha256 == entry.sha256; };
    if (std::none_of(waiting.begin(), waiting.end(), has_it)) std::filesystem::remove(path, ignored);
    throw;
  }
  return entry;
}

EntryRow Marketplace::decide(const std::string& name, const std::string& version, Decision decision, const std::string& by, const std::string& note) {
  const std::lock_guard lock(changing_);
  const auto found = database_.read([&](Connection& connection) { return MarketStore(connection).find(name, version); });
  if (!found) throw unknown(name, version);
  const std::string state = decision == Decision::approved ? "approved" : decision == Decision::rejected ? "rejected" : "withdrawn";
  if (found->state == state) return *found;
  const bool may = found->state == "pending"     ? decision != Decision::withdrawn
                   : found->state == "approved"  ? decision == Decision::withdrawn
                   : found->state == "withdrawn" ? decision == Decision::approved
                                                 : false;
  if (!may) {
    throw Error(Code::conflict, "'" + name + "' " + version + " is " + found->state + " and cannot be " + state,
                found->state == "approved" ? "mortise marketplace withdraw " + name + " " + version : "what is pending is approved or rejected; what was rejected is published again")
        .with("plugin", name)
        .with("state", found->state);
  }
  const std::string waiting = pending_path(*found), open = public_path(release_file(name, version));
  if (decision == Decision::approved) {
    os::make_directories((folder_ / "public" / "packages").string());
    if (!found->signature.empty()) os::write_file(open + ".minisig", found->signature, 0644);
    os::write_file(open, os::read_file(waiting, package::Limits{}.archive_bytes), 0644);
  }
  if (decision == Decision::withdrawn) os::write_file(waiting, os::read_file(open, package::Limits{}.archive_bytes), 0600);
  database_
      .write(Durability::full,
             [name, version, state, by, note, when = now()](Connection& connection) {
               MarketStore market(connection);
               market.decide(name, version, state, by, note, when);
               market.touch();
             })
      .get();
  std::error_code ignored;  // what a death leaves here is what nobody is told of
  if (decision != Decision::withdrawn) std::filesystem::remove(waiting, ignored);
  if (decision == Decision::withdrawn) {
    for (const std::string& file : {open, open + ".minisig"}) std::filesystem::remove(file, ignored);
  }
  return *database_.read([&](Connection& connection) { return MarketStore(connection).find(name, version); });
}

EntryRow Marketplace::approve(const std::string& name, const std::string& version, const std::string& by, const std::string& note) {
  return decide(name, version, Decision::approved, by, note);
}

EntryRow Marketplace::reject(const std::string& name, const std::string& version, const std::string& by, const std::string& note) {
  return decide(name, version, Decision::rejected, by, note);
}

EntryRow Marketplace::withdraw(const std::string& name, const std::string& version, const std::string& by, const std::string& note) {
  return decide(name, version, Decision::withdrawn, by, note);
}

std::vector<EntryRow> Marketplace::entries(const std::string& state) const {
  return database_.read([&](Connection& connection) { return MarketStore(connection).entries(state); });
}

void Marketplace::mark(const std::string& name, std::optional<bool> verified, std::optional<bool> featured) {
  if (listing()->find(name) == nullptr) {
    throw Error(Code::not_found, "the marketplace has no '" + name + "'", "mortise marketplace search shows what it has").with("plugin", name);
  }
  database_
      .write(Durability::normal,
             [name, verified, featured](Connection& connection) {
               MarketStore market(connection);
               market.mark(name, verified, featured);
               market.touch();
             })
      .get();
}

void Marketplace::rate(const std::string& name, const std::string& principal, std::int64_t stars) {
  require_text("user_id", principal, longest_principal);
  if (stars < 1 || stars > 5) {
    throw Error(Code::invalid, "rating: expected 1 to 5 stars, got " + std::to_string(stars)).with("key", "rating").with("expected", "1 to 5");
  }
  database_
      .write(Durability::normal,
             [name, principal, stars, when = now()](Connection& connection) {
               MarketStore market(connection);
               market.rate(name, principal, stars, when);
               market.touch();
             })
      .get();
}

void Marketplace::review(const std::string& name, const std::string& principal, const std::string& title, const std::string& text) {
  require_text("user_id", principal, longest_principal);
  require_text("title", title, longest_title);
  require_text("review_text", text, longest_review);
  database_
      .write(Durability::normal,
             [row = store::ReviewRow{name, principal, title, text, now()}](Connection& connection) {
               MarketStore market(connection);
               market.review(row);
               market.touch();
             })
      .get();
}

store::StandingRow Marketplace::standing(const std::string& name) const {
  return database_.read([&](Connection& connection) { return MarketStore(connection).standing(name); }).value_or(store::StandingRow{name, "", false, false, 0, 0, 0});
}

// Read whole, and kept until something changes.
std::shared_ptr<const Listing> Marketplace::listing() const {
  return database_.read([this](Connection& connection) -> std::shared_ptr<const Listing> {
    MarketStore market(connection);
    const std::int64_t revision = market.number("revision");
    {
      const std::lock_guard lock(listed_mutex_);
      if (listed_ && listed_revision_ == revision) return listed_;
    }
    auto made = std::make_shared<Listing>(listing_of(market.entries("approved"), market.standings()));
    for (Offer& offer : made->offers) {
      for (const store::ReviewRow& row : market.reviews(offer.name, most_reviews)) offer.reviews.push_back({row.principal, row.title, row.text, row.written});
    }
    const std::lock_guard lock(listed_mutex_);
    listed_revision_ = revision;
    return listed_ = std::move(made);
  });
}

}  // namespace mortise::market
