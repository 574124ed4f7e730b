// Marketplace: what this host offers to others. Anybody may publish; nothing is found before the operator approved it.
//
//   marketplace/pending/<sha256>.tar.gz   what waits for a decision; nobody else is given it
//   marketplace/public/                   the static files of trust.h, as they are served, exported and mirrored
//   marketplace/root.key, snapshot.key    the two signing keys; root.key can be kept elsewhere until the next `rotate`. Beside one,
//                                         NAME.next is a key on its way: it takes the place of NAME once the newest root names it
//
// A published version never changes. The first to publish a name owns it; only the operator may publish another's. A package that the
// scanner calls unsafe is refused with what was found. Every change that readers could notice is in the next snapshot, which is
// signed when somebody asks for it, and anew when half of the time to its expiry has passed.
//
// Thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "market/listing.h"
#include "market/trust.h"
#include "store/marketplace.h"

namespace mortise::package {
class Readers;
}
namespace mortise::store {
class Database;
}

namespace mortise::market {

inline constexpr std::chrono::hours usual_expiry{30 * 24};

class Marketplace {
 public:
  // Makes no file: a host whose marketplace nobody uses has none.
  Marketplace(store::Database& database, package::Readers& readers, std::filesystem::path folder);
  Marketplace(const Marketplace&) = delete;
  Marketplace& operator=(const Marketplace&) = delete;

  // ---- who publishes
  struct Publication {
    std::string archive;    // tar.gz, as `plugin pack` makes it
    std::string signature;  // text of its .minisig; may be empty
    std::string publisher;
    store::MarketStore::Names names = store::MarketStore::Names::of_their_owner;
  };
  // It waits then. Throws Error{invalid} when it is unsafe or broken, Error{conflict, denied, busy}. Slow: it is scanned.
  store::EntryRow publish(const Publication& publication);

  // ---- who tends it
  // All throw Error{not_found} for a version that nobody published.
  store::EntryRow approve(const std::string& name, const std::string& version, const std::string& by, const std::string& note);
  store::EntryRow reject(const std::string& name, const std::string& version, const std::string& by, const std::string& note);
  // Taken back: no longer found, no longer served.
  store::EntryRow withdraw(const std::string& name, const std::string& version, const std::string& by, const std::string& note);
  void mark(const std::string& name, std::optional<bool> verified, std::optional<bool> featured);
  [[nodiscard]] std::vector<store::EntryRow> entries(const std::string& state) const;
  // The files into a folder, with a snapshot that expires then. Slow.
  Snapshot export_to(const std::filesystem::path& folder, std::chrono::seconds expiry);
  // A new snapshot key; who knows the root takes it over. Throws Error{not_found} when root.key is elsewhere.
  Root rotate();
  // A new root key, signed for by the present one; who knows the present one takes it over, and others are told the new one. Two roots:
  // one that names the new key, signed by the old; and the same signed by the new, where they begin who were told the new one alone.
  Root rotate_root();
  [[nodiscard]] package::PublicKey root_key();
  [[nodiscard]] std::int64_t snapshot_version() const;  // of the last one that was signed; 0: none

  // ---- who looks and uses
  [[nodiscard]] std::shared_ptr<const Listing> listing() const;  // approved only
  void rate(const std::string& name, const std::string& principal, std::int64_t stars);
  void review(const std::string& name, const std::string& principal, const std::string& title, const std::string& text);
  [[nodiscard]] store::StandingRow standing(const std::string& name) const;
  // The archive of an approved release, counted as a download; and the text of its signature, empty where there is none.
  struct Fetched {
    std::string archive, signature;
  };
  Fetched fetch(const Offer& offer, const Release& release);
  // One of the static files, for the web; nothing when it is not there. A snapshot that is due is signed first.
  std::optional<std::string> file(const std::string& name);

 private:
  enum class Decision { approved, rejected, withdrawn };
  store::EntryRow decide(const std::string& name, const std::string& version, Decision decision, const std::string& by, const std::string& note);
  Snapshot sign_if_due();
  Snapshot sign(std::chrono::seconds expiry);
  void require_keys();
  void make_keys();
  void finish_rotation();
  void adopt(const char* name, const std::vector<package::PublicKey>& named);
  void write_root(Root& root, const package::SecretKey& key);
  [[nodiscard]] Root newest_root() const;
  [[nodiscard]] package::SecretKey root_signer(const Root& root) const;
  [[nodiscard]] package::SecretKey key(const char* name) const;
  [[nodiscard]] std::string public_path(const std::string& file) const;
  [[nodiscard]] std::string pending_path(const store::EntryRow& entry) const;

  store::Database& database_;
  package::Readers& readers_;
  const std::filesystem::path folder_;
  std::mutex changing_;  // keys, snapshot, and files that move with a decision
  mutable std::mutex listed_mutex_;
  mutable std::int64_t listed_revision_ = -1;
  mutable std::shared_ptr<const Listing> listed_;
};

}  // namespace mortise::market
