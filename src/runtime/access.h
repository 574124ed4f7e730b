// Access: what one worker may reach beyond its own code, for one call: files, hosts, variables, and its limits.
//
// A worker is confined once, before it runs a line of its plugin, and never again. Calls name different files, so a warm
// worker serves only calls whose access is the same as its own; others get another worker (docs/decisions/013-access-of-workers.md).
// The same means the same things, not the same words: a file that was replaced under its name since, or a folder that was
// made anew, is another one, because a worker sees those that were there when it started.
//
// Nothing of the host's data folder is ever part of it, whoever names it, except uploaded files, the tables of the run, and
// the folder that is the plugin's own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/host_pattern.h"
#include "plugin/allowed.h"
#include "plugin/named.h"

namespace mortise::runtime {

// Where the host keeps what plugins may see of it. Absolute; empty: there is none.
struct HostFolders {
  std::string data;                 // never seen but for the following
  std::string uploads;              // in it: may be read when a step names a file there
  std::string own;                  // in it: OWN/PLUGIN is the plugin's own with `file_system`
  std::vector<std::string> shared;  // of the operator, for all with `file_system`
};

// What a call wants beside what the plugin may do anyway.
struct Wanted {
  plugin::Named named;  // by the step's configuration
  std::string tables;   // the folder for tables of the run; empty: not needed
  // Folders that will be written are made, as the plugin would have made them itself. Not for calls that only check.
  enum class Folders { made, as_they_are } folders = Folders::as_they_are;
};

struct Access {
  struct File {
    std::string path;  // absolute
    bool write = false;
    std::uint64_t device = 0, inode = 0;  // of what was there; both 0: nothing
    friend bool operator==(const File&, const File&) = default;
  };
  std::vector<File> files;  // by path, each once
  bool public_network = false;
  std::vector<HostPattern> hosts;
  std::vector<std::string> environment;  // names
  std::string own_folder;                // empty: it has none
  plugin::Limits limits;
  std::optional<std::chrono::milliseconds> deadline;

  [[nodiscard]] bool network() const noexcept { return public_network || !hosts.empty(); }
  friend bool operator==(const Access&, const Access&) = default;
};

// Looks at the files that are named. Throws Error{denied} for a path that lies in the data folder.
[[nodiscard]] Access access_of(const plugin::Descriptor& descriptor, const plugin::Allowed& allowed, const Wanted& wanted,
                               const HostFolders& folders);

// "/data/2024-*.csv" -> "/data": what must be seen to find what a pattern of * ? [ means. The path itself without one.
[[nodiscard]] std::string before_pattern(const std::string& path);

}  // namespace mortise::runtime
