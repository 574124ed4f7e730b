// Trust: what a marketplace signs, and every way in which whoever carries it may deceive.
//
// A marketplace is a folder of static files, wherever it lies (a web server, another Mortise, a stick):
//
//   root/1.json, root/2.json ...  which keys sign, each with .minisig by a key of the root before it; the first by a key that the
//                                 operator was told (TUF's root)
//   snapshot.json                 the state: a version that only grows, a time of expiry, and of every file length and SHA-256;
//                                 .minisig by a key that the root names (TUF's targets, snapshot and timestamp in one)
//   index/<sha256>.json           what is offered (listing.h); named by its content, so that a reader of one state never meets another's
//   packages/NAME-VERSION.tar.gz  the packages, and beside them .minisig, where their publishers signed them
//
// So whoever serves the folder can hold it back, and nothing else:
//
//   an older state than was seen here         "rollback"       version
//   the newest state, but for ever            "freeze"         expiry
//   another file under a name                 "swapped"        SHA-256 and length
//   a file of another state                   "mixed"          the index is named by its content, and the snapshot names it
//   two states under one version              "two states"     SHA-256 of the snapshot itself
//   a state of somebody else                  "not signed"     keys
//
// What is left out of TUF: delegations, thresholds above one, and several roles; a marketplace here has one operator.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/listing.h"
#include "package/minisign.h"

namespace mortise::market {

inline constexpr std::uint64_t largest_root = 64U << 10U;
inline constexpr std::uint64_t largest_snapshot = 32U << 20U;
inline constexpr std::uint64_t largest_index = 64U << 20U;
inline constexpr std::uint64_t largest_signature = 16U << 10U;

struct Root {
  std::int64_t version = 1;
  std::vector<package::PublicKey> roots, snapshots;  // who signs the next root; who signs snapshots

  [[nodiscard]] static Root parse(std::string_view text, const std::string& file = "root.json");
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] std::string root_file(std::int64_t version);  // "root/1.json"

struct Snapshot {
  struct File {
    std::string sha256;
    std::uint64_t bytes = 0;
  };
  std::int64_t version = 0;
  Time issued, expires;
  std::string index;                  // which of the files is the index
  std::map<std::string, File> files;  // every one but roots and snapshots

  [[nodiscard]] static Snapshot parse(std::string_view text, const std::string& file = "snapshot.json");
  [[nodiscard]] std::string text() const;
};

// The last state that was seen of a marketplace.
struct Seen {
  std::int64_t version = 0;  // 0: none
  std::string sha256;        // of snapshot.json
};

// All throw Error{denied} with the kind of deceit as detail "deceit", or Error{invalid} for what is no such file at all. `market` is
// the marketplace's name here, for messages.

// Signed by one of `keys`, or not. The root's version must be `version`.
[[nodiscard]] Root accept_root(const std::string& market, const std::vector<package::PublicKey>& keys, std::int64_t version,
                               std::string_view text, std::string_view signature);
[[nodiscard]] Snapshot accept_snapshot(const std::string& market, const Root& root, const Seen& seen, std::string_view text,
                                       std::string_view signature, Time now);
// The files as the snapshot lists them.
void accept_file(const std::string& market, const Snapshot& snapshot, const std::string& file, std::string_view content);
[[nodiscard]] Listing accept_index(const std::string& market, const Snapshot& snapshot, std::string_view content);
// Not expired, or Error{denied} "freeze".
void require_fresh(const std::string& market, const Snapshot& snapshot, Time now);

// Whether `file` is a name that a snapshot may list: it leads nowhere else.
[[nodiscard]] bool is_market_file(std::string_view file) noexcept;

}  // namespace mortise::market
