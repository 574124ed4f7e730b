#include "package/depot.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "os/fd.h"
#include "os/file.h"
#include "store/connection.h"
#include "store/database.h"
#include "store/sha256.h"

namespace mortise::package {
namespace {

namespace fs = std::filesystem;
using store::Connection;
using store::PackageRow;
using store::PackageStore;

constexpr std::string_view making = ".making-";

// A file that nobody changes any more, on the disk when this returns.
void write_whole(const fs::path& path, std::string_view content, bool executable) {
  const os::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, executable ? 0755 : 0644));
  if (!file) throw os::system_error("cannot write", path.string());
  for (std::string_view rest = content; !rest.empty();) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw os::system_error("cannot write", path.string());
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fchmod(file.get(), executable ? 0555 : 0444) != 0 || ::fdatasync(file.get()) != 0) throw os::system_error("cannot write", path.string());
}

// Folders are made writable again first, so that what lies in them can go.
void remove_folder(const fs::path& folder) {
  std::error_code ignored;
  fs::permissions(folder, fs::perms::owner_all, fs::perm_options::add, ignored);
  for (auto at = fs::recursive_directory_iterator(folder, ignored); at != fs::recursive_directory_iterator(); at.increment(ignored)) {
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) fs::permissions(at->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
  }
  fs::remove_all(folder, ignored);
}

std::uint64_t bytes_of(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder, ignored)) {
    if (entry.is_regular_file(ignored)) bytes += entry.file_size(ignored);
  }
  return bytes;
}

// One line per file, links and folders included: whatever changes a file changes its line (ctime cannot be set).
std::string look_of(const fs::path& folder) {
  std::string look;
  std::error_code failure;
  for (auto at = fs::recursive_directory_iterator(folder, failure); at != fs::recursive_directory_iterator(); at.increment(failure)) {
    struct stat seen {};
    if (::lstat(at->path().c_str(), &seen) != 0) return {};
    look += at->path().native() + " " + std::to_string(seen.st_ino) + " " + std::to_string(seen.st_mode) + " " + std::to_string(seen.st_size) + " " +
            std::to_string(seen.st_ctim.tv_sec) + "." + std::to_string(seen.st_ctim.tv_nsec) + "\n";
  }
  return failure ? std::string() : store::sha256_of(look);
}

// By the path that descriptors of plugins in it have.
fs::path made(const fs::path& folder) {
  os::make_directories(folder.string());
  return fs::canonical(folder);
}

// Removes the folder unless it was given its name.
struct Unfinished {
  fs::path folder;
  ~Unfinished() {
    if (!folder.empty()) remove_folder(folder);
  }
};

}  // namespace

Depot::Depot(store::Database& database, const fs::path& folder) : database_(database), folder_(made(folder)) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    if (entry.path().filename().string().starts_with(making)) remove_folder(entry.path());
  }
}

void Depot::write_files(const Contents& contents, const fs::path& folder) const {
  std::set<fs::path> folders{folder};
  for (const ContentFile& file : contents.files()) {
    const fs::path path = folder / file.path;
    for (fs::path parent = path.parent_path(); folders.insert(parent).second; parent = parent.parent_path()) {
    }
    fs::create_directories(path.parent_path());
    write_whole(path, file.content(), file.executable);
  }
  // The deepest first: each folder is on the disk before the one that names it.
  for (auto at = folders.rbegin(); at != folders.rend(); ++at) {
    fs::permissions(*at, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec);
    os::sync_directory(at->string());
  }
}

Depot::Placed Depot::place(const Contents& contents, const Label& label) {
  const std::lock_guard lock(changing_);
  PackageRow row{label.name,   label.version, contents.digest(), label.package.empty() ? label.name : label.package, contents.listing(), label.source,
                 label.signer, label.scan,    contents.bytes(),  now()};
  const fs::path home = folder_of(row);
  if (fs::exists(home) && !differences(home, row.listing).empty()) {
    throw Error(Code::conflict, "the stored files of '" + label.name + "' " + label.version + " were changed on the disk",
                "`mortise plugin verify` names them; uninstall it, then install it again")
        .with("plugin", label.name)
        .with("file", home.string());
  }
  if (!fs::exists(home)) {
    Unfinished unfinished{os::make_temporary_directory((folder_ / making).string())};
    write_files(contents, unfinished.folder);
    if (::rename(unfinished.folder.c_str(), home.c_str()) != 0) throw os::system_error("cannot move into place", home.string());
    unfinished.folder.clear();
    os::sync_directory(folder_.string());
  }
  pending_.insert(row.digest);
  return {*this, std::move(row)};
}

Depot::Placed::~Placed() {
  if (depot_ != nullptr) depot_->sweep(row_.digest);
}

// A row may name it all the same: another version or plugin with the same files, or the caller's own.
void Depot::sweep(const std::string& digest) {
  try {
    const std::lock_guard lock(changing_);
    if (const auto mine = pending_.find(digest); mine != pending_.end()) pending_.erase(mine);
    if (pending_.contains(digest)) return;
    const auto named = database_.read([](Connection& connection) { return PackageStore(connection).digests(); });
    if (std::find(named.begin(), named.end(), digest) == named.end()) remove_folder(folder_ / digest);
  } catch (const std::exception&) {
    // The next start takes it.
  }
}

PackageRow Depot::keep(const Contents& contents, const Label& label) {
  const Placed placed = place(contents, label);
  database_.write(store::Durability::full, [row = placed.row()](Connection& connection) { (void)PackageStore(connection).add(row); }).get();
  return placed.row();
}

PackageRow Depot::get(const std::string& name, const std::string& version) const {
  return database_.read([&](Connection& connection) {
    PackageStore packages(connection);
    if (auto found = packages.find(name, version)) return *std::move(found);
    std::string kept;
    for (const PackageRow& one : packages.versions(name)) kept += (kept.empty() ? "" : ", ") + one.version;
    throw Error(Code::not_found, "Target version " + version + " not found", kept.empty() ? "no version of '" + name + "' is kept" : "kept are " + kept)
        .with("plugin", name);
  });
}

void Depot::require_whole(const PackageRow& package) const {
  const auto changed = differences(folder_of(package), package.listing);
  if (changed.empty()) return;
  constexpr std::size_t shown = 5;
  std::string names;
  for (std::size_t i = 0; i < std::min(shown, changed.size()); ++i) names += (i == 0 ? "" : ", ") + changed[i];
  if (changed.size() > shown) names += " and " + std::to_string(changed.size() - shown) + " more";
  throw Error(Code::denied, "the files of '" + package.name + "' " + package.version + " are not those that were installed: " + names,
              "install it again; until then it is not loaded")
      .with("plugin", package.name)
      .with("file", folder_of(package).string());
}

void Depot::require_whole_at_a_glance(const PackageRow& package) const {
  if (!differences(folder_of(package), package.listing, Look::at_a_glance).empty()) require_whole(package);  // which names them all
}

void Depot::require_unchanged(const fs::path& folder) const {
  if (!holds(folder)) return;
  const std::string digest = folder.filename().string();
  const std::string look = look_of(folder);
  {
    const std::lock_guard lock(seen_mutex_);
    if (const auto known = seen_.find(digest); !look.empty() && known != seen_.end() && known->second == look) return;
  }
  const auto row = database_.read([&](Connection& connection) { return PackageStore(connection).with_digest(digest); });
  if (!row) return;  // placed, and described before its row is there
  require_whole(*row);
  const std::lock_guard lock(seen_mutex_);
  seen_[digest] = look;
}

std::vector<Depot::Damage> Depot::verify() const {
  std::vector<Damage> all;
  for (const PackageRow& package : database_.read([](Connection& connection) { return PackageStore(connection).all(); })) {
    auto files = differences(folder_of(package), package.listing);
    if (!files.empty()) all.push_back({package.name, package.version, std::move(files)});
  }
  return all;
}

Depot::Garbage Depot::collect_garbage(const std::function<bool(const fs::path& folder)>& in_use) {
  const std::lock_guard lock(changing_);
  const auto named = database_.read([](Connection& connection) { return PackageStore(connection).digests(); });
  Garbage garbage;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    const bool wanted = std::find(named.begin(), named.end(), name) != named.end() || pending_.contains(name);
    if (!entry.is_directory() || wanted || (in_use && in_use(entry.path()))) continue;
    garbage.bytes += bytes_of(entry.path());
    ++garbage.folders;
    remove_folder(entry.path());
  }
  os::sync_directory(folder_.string());
  return garbage;
}

}  // namespace mortise::package
