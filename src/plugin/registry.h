// Registry: the plugins that this host knows, by id and alias.
//
// Descriptors are immutable once added and shared: whoever holds one keeps it, whatever is removed meanwhile. All members
// may be called from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/descriptor.h"

namespace mortise::plugin {

class Registry {
 public:
  using Entry = std::shared_ptr<const Descriptor>;

  // A plugin that could not be read, and why. The others are kept.
  struct Problem {
    std::filesystem::path folder;
    Error error;
  };
  struct ScanReport {
    std::vector<std::string> added;  // ids
    std::vector<Problem> problems;
    std::vector<Problem> incomplete;  // added, but something they need is not there; using them fails with this error
  };

  // Danger: the plugins named here, by id or alias, run inside the host's own process.
  struct TrustedInProcess {
    std::vector<std::string> names;
  };

  Registry() = default;
  explicit Registry(TrustedInProcess trusted) : trusted_(std::move(trusted)) {}

  // Error{conflict} when the id or one of the aliases is taken: "plugin file of type Input already registered" for a
  // `Type.name`, "plugin 'x' is already registered" for others.
  Entry add(Descriptor descriptor);
  // Null when there is none.
  [[nodiscard]] Entry find(std::string_view id_or_alias) const;
  // Or Error{not_found} "plugin not found: Input.sap_erp - did you register it?", with the nearest name as hint.
  [[nodiscard]] Entry get(std::string_view id_or_alias) const;
  bool remove(std::string_view id);
  [[nodiscard]] std::vector<Entry> list() const;  // by id
  [[nodiscard]] std::vector<Entry> at_extension_point(std::string_view point) const;

  // Every folder that holds a manifest.json, at most `depth` levels below each directory; hidden folders and links are
  // passed over. A directory that does not exist is a problem of its own. Slow: it reads files.
  ScanReport scan(std::span<const std::filesystem::path> directories, int depth = 2);

  // `ids` and all they need, providers before consumers; equal ones by id. Error{not_found} "Missing dependency: x" or
  // "No plugin provides capability: x", Error{conflict} for a cycle, a version out of range or "Conflicts with registered
  // plugin: x".
  [[nodiscard]] std::vector<Entry> in_dependency_order(std::span<const std::string> ids) const;
  [[nodiscard]] std::vector<Entry> in_dependency_order() const;  // of all

 private:
  [[nodiscard]] Entry find_locked(std::string_view name) const;

  TrustedInProcess trusted_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> plugins_;  // by id
  std::map<std::string, std::string, std::less<>> ids_by_alias_;
};

}  // namespace mortise::plugin
