// Depot: the folder where the files of every installed package version lie, and the rows that say what they are.
//
//   packages/<digest>/...    the files of one version, read-only; never changed, only made and removed as a whole
//   packages/.making-*/      being written; whatever is found there at start is somebody's unfinished work and is removed
//
// A version is kept by writing its files aside, waiting for the disk, renaming the folder to its digest and then writing its row
// (Durability::full). The rows are the truth: a folder without one is garbage, and a row is never written before its folder is
// whole. So a death at any point leaves the old state or the new one, and at worst garbage that collect_garbage() takes. Between
// the folder and its row a caller holds the Depot's word that it is no garbage (Placed).
//
// Thread-safe. One process owns the folder (the lock on the data directory).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "package/contents.h"
#include "store/packages.h"

namespace mortise::store {
class Database;
}

namespace mortise::package {

class Depot {
 public:
  // Makes the folder, and removes what an earlier process left unfinished.
  Depot(store::Database& database, const std::filesystem::path& folder);

  struct Label {
    std::string name, version, source, signer, scan;
    std::string package = {};  // the name in its manifest; empty: `name`
  };
  // The files are on the disk, and stay there while this lives; for longer only when the row is written.
  class Placed {
   public:
    Placed(Placed&& other) noexcept : depot_(std::exchange(other.depot_, nullptr)), row_(std::move(other.row_)) {}
    Placed& operator=(Placed&&) = delete;
    ~Placed();
    [[nodiscard]] const store::PackageRow& row() const noexcept { return row_; }

   private:
    friend class Depot;
    Placed(Depot& depot, store::PackageRow row) : depot_(&depot), row_(std::move(row)) {}
    Depot* depot_;
    store::PackageRow row_;
  };
  // Writes the files; the row is the caller's, in a transaction of its own. The same content twice is one folder. Error{conflict} when
  // the version is kept with other content. Slow: it writes and waits for the disk.
  [[nodiscard]] Placed place(const Contents& contents, const Label& label);
  // Both.
  store::PackageRow keep(const Contents& contents, const Label& label);

  [[nodiscard]] std::filesystem::path folder_of(const store::PackageRow& package) const { return folder_ / package.digest; }

  // The version of that name; Error{not_found} "Target version X not found", with those that are kept as hint.
  [[nodiscard]] store::PackageRow get(const std::string& name, const std::string& version) const;

  // Throws Error{denied} that names the first files that are not as they were when they were kept. Slow: it reads them all.
  void require_whole(const store::PackageRow& package) const;
  // The same by what can be seen without reading: which files there are, their sizes and modes; and what the manifest says. For a
  // start: whoever loads the version reads it all (require_unchanged).
  void require_whole_at_a_glance(const store::PackageRow& package) const;
  // The same for whoever is about to load what lies in a folder; nothing is asked of folders that are not of this depot. What was
  // whole is read again only when size, time or number of a file changed, so asking before every load costs a stat for each file.
  void require_unchanged(const std::filesystem::path& folder) const;
  [[nodiscard]] bool holds(const std::filesystem::path& folder) const { return folder.parent_path() == folder_; }

  struct Damage {
    std::string name, version;
    std::vector<std::string> files;  // "changed: x.py"
  };
  [[nodiscard]] std::vector<Damage> verify() const;  // of all that is kept

  struct Garbage {
    std::size_t folders = 0;
    std::uint64_t bytes = 0;
  };
  // Removes folders that no row names and nobody is about to write one for, but those that `in_use` says are. Slow.
  Garbage collect_garbage(const std::function<bool(const std::filesystem::path& folder)>& in_use = {});

 private:
  void sweep(const std::string& digest);  // what a Placed leaves behind
  void write_files(const Contents& contents, const std::filesystem::path& folder) const;

  store::Database& database_;
  const std::filesystem::path folder_;
  std::mutex changing_;                 // one writes or removes at a time
  std::multiset<std::string> pending_;  // digests that are placed and have no row yet; guarded by changing_
  mutable std::mutex seen_mutex_;
  mutable std::map<std::string, std::string> seen_;  // digest -> how its folder looked when it was whole
};

}  // namespace mortise::package
