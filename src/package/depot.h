// Depot: the folder where the files of every installed package version lie, and the rows that say what they are.
//
//   packages/<digest>/...    the files of one version, read-only; never changed, only made and removed as a whole
//   packages/.making-*/      being written; whatever is found there at start is somebody's unfinished work and is removed
//
// A version is kept by writing its files aside, waiting for the disk, renaming the folder to its digest and then writing its row
// (Durability::full). The rows are the truth: a folder without one is garbage, and a row is never written before its folder is
// whole. So a death at any point leaves the old state or the new one, and at worst garbage that collect_garbage() takes.
//
// Thread-safe. One process owns the folder (the lock on the data directory).
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
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
  Depot(store::Database& database, std::filesystem::path folder);

  struct Label {
    std::string name, version, source, signer, scan;
  };
  // Keeps the files and their row. The same content twice is one folder. Error{conflict} when the version is kept with other
  // content. Slow: it writes and waits for the disk.
  store::PackageRow keep(const Contents& contents, const Label& label);

  [[nodiscard]] std::filesystem::path folder_of(const store::PackageRow& package) const { return folder_ / package.digest; }

  // The version of that name; Error{not_found} "Target version X not found", with those that are kept as hint.
  [[nodiscard]] store::PackageRow get(const std::string& name, const std::string& version) const;

  // Throws Error{denied} that names the first files that are not as they were when they were kept. Slow: it reads them all.
  void require_whole(const store::PackageRow& package) const;

  struct Damage {
    std::string name, version;
    std::vector<std::string> files;  // "changed: x.py"
  };
  [[nodiscard]] std::vector<Damage> verify() const;  // of all that is kept

  struct Garbage {
    std::size_t folders = 0;
    std::uint64_t bytes = 0;
  };
  // Removes folders that no row names. Slow.
  Garbage collect_garbage();

 private:
  void write_files(const Contents& contents, const std::filesystem::path& folder) const;

  store::Database& database_;
  const std::filesystem::path folder_;
  std::mutex changing_;  // a folder that was just renamed is not garbage yet
};

}  // namespace mortise::package
