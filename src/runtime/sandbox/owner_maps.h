// Whose files a worker with a user of its own may read and change: those of the owner of the folder it was shown.
//
// The folder is mounted with its owner mapped to the worker's user (an idmapped mount), so that the worker reads what the owner
// may read, and what it makes belongs to the owner. Only where the host is root, and only on file systems that can.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "os/fd.h"
#include "runtime/sandbox/policy.h"

namespace mortise::runtime::sandbox {

class OwnerMaps {
 public:
  // A user namespace to mount the path with; the descriptor is ours. -1 when its file system cannot be mounted so. The first
  // look at a file system and the first use of a pair of users take about 0.3 ms.
  [[nodiscard]] int map_for(const std::string& path, const User& worker);

  // Makes the maps that `worker` would need for the owners of the last worker's paths. False: there was none to make.
  bool prepare(const User& worker);

 private:
  using Key = std::tuple<uid_t, gid_t, uid_t, gid_t>;
  [[nodiscard]] int map_of(const Key& key);
  [[nodiscard]] bool can_map(const std::string& path, dev_t device, int map);
  std::map<Key, os::Fd> maps_;
  std::map<dev_t, bool> file_systems_;
  User last_;  // for whom a map was asked last, and the owners that were mapped
  std::set<std::pair<uid_t, gid_t>> owners_of_last_;
};

}  // namespace mortise::runtime::sandbox
