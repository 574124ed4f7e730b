// The tables of a marketplace: what was published, what people say of it; and of the marketplaces that this host knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {

class Connection;

// One version that somebody published.
struct EntryRow {
  std::string name, version;
  std::string state;  // pending, approved, rejected, withdrawn
  std::string digest;  // of its contents
  std::string sha256;  // of the archive
  std::uint64_t bytes = 0;
  std::string signature, signer;  // the text of its .minisig and the key's id; empty: nobody signed
  std::string about;              // JSON: what the index says of it
  std::string scan;               // JSON: what the scanner found
  std::string publisher;
  Time published;
  std::string decided_by, note;
  std::optional<Time> decided;
};

// What holds for all versions of a name.
struct StandingRow {
  std::string name, owner;  // owner: who published it first
  bool verified = false, featured = false;
  std::int64_t downloads = 0, ratings = 0, stars = 0;
};

struct ReviewRow {
  std::string name, principal, title, text;
  Time written;
};

// A marketplace that this host knows.
struct SourceRow {
  std::string name, address, token_file;  // token_file: empty: it wants none
  std::string keys;                  // JSON: the public keys that the operator gave
  std::string root;                  // text of the root that is trusted now
  std::string snapshot, signature, snapshot_sha256, index;  // texts; `signature` is the snapshot's
  std::int64_t snapshot_version = 0;
  Time added;
  std::optional<Time> updated;
  std::string problem;  // why the last update failed; empty: it did not
};

class MarketStore {
 public:
  explicit MarketStore(Connection& connection) : connection_(connection) {}

  // Error{conflict} when the version is there (one that was rejected gives its place), Error{denied} when the name is another's
  // and `may_take` is false.
  enum class Names : bool { of_their_owner, any };
  void publish(const EntryRow& entry, Names names);
  [[nodiscard]] std::optional<EntryRow> find(const std::string& name, const std::string& version);
  [[nodiscard]] std::vector<EntryRow> entries(const std::string& state);  // oldest first; empty: all
  [[nodiscard]] std::vector<EntryRow> versions(const std::string& name);  // oldest first
  void decide(const std::string& name, const std::string& version, const std::string& state, const std::string& by, const std::string& note,
              Time when);

  [[nodiscard]] std::optional<StandingRow> standing(const std::string& name);
  [[nodiscard]] std::vector<StandingRow> standings();
  void mark(const std::string& name, std::optional<bool> verified, std::optional<bool> featured);
  void count_download(const std::string& name);

  // One of each principal; a later rating takes the place of the earlier, a second review is Error{conflict}.
  void rate(const std::string& name, const std::string& principal, std::int64_t stars, Time when);
  void review(const ReviewRow& review);
  [[nodiscard]] std::vector<ReviewRow> reviews(const std::string& name, std::int64_t most);  // newest first

  // Numbers that only grow: "revision" counts what readers could notice, "snapshot" is the last one that was signed, "signed" its revision.
  [[nodiscard]] std::int64_t number(const std::string& name);
  void set_number(const std::string& name, std::int64_t value);
  void touch() { set_number("revision", number("revision") + 1); }

  // Error{conflict} when the name is there.
  void add(const SourceRow& source);
  void update(const SourceRow& source);
  bool remove_source(const std::string& name);
  [[nodiscard]] std::vector<SourceRow> sources();  // in the order in which they were added
  [[nodiscard]] std::optional<SourceRow> source(const std::string& name);

 private:
  void keep_standing(const std::string& name, const std::string& owner);
  Connection& connection_;
};

}  // namespace mortise::store
