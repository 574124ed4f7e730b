// Permits: from what a plugin may do and what a call wants to the access that its worker needs. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>

#include "runtime/access.h"

namespace mortise::plugin {
class Grants;
}

namespace mortise::runtime {

struct Permit {
  std::shared_ptr<const Access> access;  // null: it runs in this process
  std::optional<std::chrono::milliseconds> deadline;  // of an operation for which nobody says more
  std::optional<std::chrono::milliseconds> cap;       // and at most, by the operator
};

class Permits {
 public:
  Permits(const plugin::Grants* grants, HostFolders folders) : grants_(grants), folders_(std::move(folders)) {}

  // A call that wants nothing of its own gets the one worked out before, until something is decided anew. Throws
  // Error{denied} for a plugin that waits for a decision, and for a path that nobody may see.
  [[nodiscard]] Permit of(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Wanted& wanted) const;
  [[nodiscard]] std::optional<std::chrono::milliseconds> deadline_of(const plugin::Descriptor& descriptor) const;

 private:
  struct Kept {
    std::shared_ptr<const plugin::Descriptor> descriptor;
    std::uint64_t generation = 0;
    Permit permit;
  };
  [[nodiscard]] plugin::Allowed allowed(const plugin::Descriptor& descriptor, const plugin::Decisions& decisions) const;
  [[nodiscard]] plugin::Decisions decisions(const std::string& plugin) const;
  [[nodiscard]] Permit work_out(const plugin::Descriptor& descriptor, const Wanted& wanted) const;

  const plugin::Grants* grants_;
  const HostFolders folders_;
  mutable std::shared_mutex mutex_;
  mutable std::map<std::string, Kept, std::less<>> kept_;  // by plugin
};

// Adds what the plugin's own configuration names. Of a file the folder is taken: a plugin that lives long watches it, and
// would lose what it remembers if a file that was written anew meant another worker.
void add_own(Wanted& wanted, const plugin::Descriptor& descriptor, const Value& plugin_config);

// What one plugin asks another to work on: of the files that `input` names those that the asker may reach itself, to read.
// `asker` null: it runs in this process, and may reach all.
[[nodiscard]] Wanted handed_on(const Value& input, const Access* asker);

// The plugin as its worker is started: with the limits and the variables that hold.
[[nodiscard]] std::shared_ptr<const plugin::Descriptor> with_limits(const plugin::Descriptor& descriptor, const Access& access);

}  // namespace mortise::runtime
