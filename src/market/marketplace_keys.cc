// The keys of a marketplace, and the roots that say which of them hold (market/marketplace.h).
//
// A key changes in three steps: NAME.next is written, then a root that names it, then NAME.next takes the place of NAME. Whatever step a
// death comes after, finish_rotation() makes the rest, or forgets a key that no root names.
#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "market/marketplace.h"
#include "market/signing.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::market {
namespace {

namespace fs = std::filesystem;
using package::PublicKey;
using package::SecretKey;

constexpr mode_t secret = 0600, open_to_all = 0644;
constexpr std::uint64_t largest_key = 16U << 10U;
constexpr const char* root_key_file = "root.key";
constexpr const char* snapshot_key_file = "snapshot.key";

std::string comment_of(const std::string& file, std::int64_t version) {
  return "timestamp:" + std::to_string(now().nanoseconds / 1'000'000'000) + " file:" + file + " version:" + std::to_string(version);
}

bool names(const std::vector<PublicKey>& keys, const PublicKey& key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); }

std::string next_of(const char* name) { return std::string(name) + ".next"; }

}  // namespace

void write_signed(const std::string& folder, const std::string& file, const std::string& text, const SecretKey& key, std::int64_t version) {
  const std::string path = os::join(folder, file);
  os::write_file(path + ".minisig", key.sign(text, comment_of(file, version)), open_to_all);
  os::write_file(path, text, open_to_all);
}

std::optional<std::string> read_if_there(const std::string& path, std::uint64_t limit) {
  std::error_code failure;
  if (!fs::exists(path, failure)) return std::nullopt;
  return os::read_file(path, limit);
}

SecretKey Marketplace::key(const char* name) const {
  const std::string path = (folder_ / name).string();
  const auto text = read_if_there(path, largest_key);
  if (!text) {
    throw Error(Code::not_found, "the key '" + path + "' is not there", "put it back: without it nothing can be signed with it").with("file", path);
  }
  return SecretKey::parse(*text, {}, path);
}

void Marketplace::require_keys() {
  std::error_code failure;
  if (fs::exists(public_path(root_file(1)), failure)) return finish_rotation();
  make_keys();
}

// A death in between leaves keys without a root, which is written then with those.
void Marketplace::make_keys() {
  os::make_directories(folder_.string());
  os::make_directories(public_path("root"), 0755);
  std::error_code failure;
  for (const char* name : {root_key_file, snapshot_key_file}) {
    const std::string path = (folder_ / name).string();
    if (!fs::exists(path, failure)) os::write_file(path, SecretKey::generate().text(), secret);
  }
  const SecretKey root = key(root_key_file);
  const Root first{1, {root.public_key()}, {key(snapshot_key_file).public_key()}};
  write_signed(public_path(""), root_file(1), first.text(), root, 1);
}

Root Marketplace::newest_root() const {
  std::int64_t version = 1;
  std::error_code failure;
  while (version < most_roots && fs::exists(public_path(root_file(version + 1)), failure)) ++version;
  return Root::parse(os::read_file(public_path(root_file(version)), largest_root), root_file(version));
}

void Marketplace::finish_rotation() {
  std::error_code failure;
  const bool root_changes = fs::exists(folder_ / next_of(root_key_file), failure), snapshot_changes = fs::exists(folder_ / next_of(snapshot_key_file), failure);
  if (!root_changes && !snapshot_changes) return;
  Root root = newest_root();
  if (root_changes) {
    adopt(root_key_file, root.roots);
    const auto signature = os::read_file(public_path(root_file(root.version) + ".minisig"), largest_signature);
    const SecretKey present = key(root_key_file);
    const bool begins = package::Signature::claimed_key_id(signature) == present.public_key().id_text();
    if (names(root.roots, present.public_key()) && !begins) write_root(root, present);
  }
  if (snapshot_changes) adopt(snapshot_key_file, root.snapshots);
}

// NAME.next becomes NAME where a root names it.
void Marketplace::adopt(const char* name, const std::vector<PublicKey>& named) {
  const fs::path next = folder_ / next_of(name);
  if (names(named, key(next_of(name).c_str()).public_key())) {
    fs::rename(next, folder_ / name);
  } else {
    fs::remove(next);
  }
  os::sync_directory(folder_.string());
}

// As the next one.
void Marketplace::write_root(Root& root, const SecretKey& key) {
  ++root.version;
  write_signed(public_path(""), root_file(root.version), root.text(), key, root.version);
}

SecretKey Marketplace::root_signer(const Root& root) const {
  SecretKey signer = key(root_key_file);
  if (names(root.roots, signer.public_key())) return signer;
  const std::string path = (folder_ / root_key_file).string();
  throw Error(Code::conflict, "'" + path + "' is key " + signer.public_key().id_text() + ", and the present root key is " + root.roots.front().id_text(),
              "put the present one in its place")
      .with("file", path);
}

PublicKey Marketplace::root_key() {
  const std::lock_guard lock(changing_);
  require_keys();
  return newest_root().roots.front();
}

Root Marketplace::rotate() {
  const std::lock_guard lock(changing_);
  require_keys();
  Root root = newest_root();
  const SecretKey signer = root_signer(root), fresh = SecretKey::generate();
  os::write_file((folder_ / next_of(snapshot_key_file)).string(), fresh.text(), secret);
  root.snapshots = {fresh.public_key()};
  write_root(root, signer);
  finish_rotation();
  (void)sign(usual_expiry);
  return root;
}

Root Marketplace::rotate_root() {
  const std::lock_guard lock(changing_);
  require_keys();
  Root root = newest_root();
  const SecretKey signer = root_signer(root), fresh = SecretKey::generate();
  os::write_file((folder_ / next_of(root_key_file)).string(), fresh.text(), secret);
  root.roots = {fresh.public_key()};
  write_root(root, signer);
  finish_rotation();
  return newest_root();
}

}  // namespace mortise::market
