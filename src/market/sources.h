// Sources: the marketplaces of others that this host knows, each by the key that its operator was told. What is known of one (its root, its
// last state, its index) is kept in the database: it can be searched without a network, and an older state is recognised.
//
// A name belongs to the first marketplace that has it, the host's own before those of others, those in the order in which they were
// added: versions of one name never come from two of them, so that nobody can slip a newer one under a name that is another's.
//
// Thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "market/listing.h"
#include "market/trust.h"
#include "store/marketplace.h"

namespace mortise::store {
class Database;
}

namespace mortise::market {

class Carrier;

// What is known of a marketplace, accepted by the rules of trust.h.
struct Known {
  store::SourceRow row;
  Root root;
  Snapshot snapshot;
  Listing listing;
};

class Sources {
 public:
  // `mirrors`: where copies of whole marketplaces lie.
  Sources(store::Database& database, Log log, std::filesystem::path mirrors);
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  using Entry = std::shared_ptr<const Known>;
  // Trusts it from now on and takes its present state. `token_file` holds what a web server wants to see; may be empty. Throws Error and
  // knows nothing of it then. Slow.
  Entry add(const std::string& name, const std::string& address, const std::vector<package::PublicKey>& keys, const std::string& token_file);
  // Takes the newest state. Throws Error{denied} for every deceit; what was known still holds then, and the problem is kept. Slow.
  Entry update(const std::string& name);
  void remove(const std::string& name);  // Error{not_found}
  [[nodiscard]] Entry get(const std::string& name) const;  // Error{not_found}
  [[nodiscard]] std::vector<Entry> list() const;           // as they were added

  // The newest state with all its files, each verified, into the folder; empty: the one from which file_of_mirror() serves. Slow.
  struct Mirrored {
    std::string folder;
    std::int64_t version = 0;
    std::size_t files = 0;
  };
  Mirrored mirror(const std::string& name, const std::string& folder);
  // Nothing when there is no such mirror or file.
  [[nodiscard]] std::optional<std::string> file_of_mirror(const std::string& name, const std::string& file) const;

  // A release, verified. Error{denied} when the state has expired or the file is another. Slow.
  struct Fetched {
    std::string archive, signature;
  };
  [[nodiscard]] Fetched fetch(const Known& known, const Release& release) const;

 private:
  std::vector<Entry> load() const;
  void keep(const Known& known);
  [[nodiscard]] std::string mirror_folder(const std::string& name) const;

  store::Database& database_;
  const Log log_;
  const std::filesystem::path mirrors_;
  std::mutex changing_;
  mutable std::mutex known_mutex_;
  mutable std::optional<std::vector<Entry>> known_;
};

}  // namespace mortise::market
