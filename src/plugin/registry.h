// Registry: the plugins that this host knows, by id and alias.
//
// Descriptors are immutable once added and shared: whoever holds one keeps it, whatever is removed meanwhile. All members
// may be called from any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/descriptor.h"
#include "plugin/detector.h"

namespace mortise::plugin {

class Registry {
 public:
  using Entry = std::shared_ptr<const Descriptor>;

  struct ScanReport {
    std::vector<std::string> added;  // ids
    std::vector<Problem> problems;
    std::vector<Problem> incomplete;  // added, but something they need is not there; using them fails with this error
  };

  // Danger: the plugins named here, by id or alias, run inside the host's own process, and those that `decided` says so of.
  // Where it says something it stands above the names.
  struct TrustedInProcess {
    std::vector<std::string> names;
    std::function<std::optional<Trust>(const std::string& id)> decided = {};
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
  // What add() would make of the descriptor, without adding it: the next generation of the plugin with its id. Error{not_found}
  // when there is none, Error{conflict} when an alias is another plugin's.
  [[nodiscard]] Entry prepare(Descriptor descriptor) const;
  // Each takes the place of the plugin with its id, all at one instant. Error{conflict}, and nothing changes, when one of their
  // aliases is taken by another plugin, or when something newer came meanwhile.
  void replace(std::span<const Entry> next);
  bool remove(std::string_view id);
  // From now on nobody finds the plugin; get() throws `why` instead. It may be a name that nobody has. Idempotent: the last reason
  // holds.
  void withhold(const std::string& id, Error why);
  // Back to its place. False when it was not withheld, or only as a name. Error{conflict} when somebody took its name meanwhile.
  bool readmit(const std::string& id);
  // Of the withheld ones those that are known, by id.
  [[nodiscard]] std::vector<Entry> withheld() const;
  struct Withheld {
    Entry plugin;  // null: only the name is known
    Error why;
  };
  [[nodiscard]] std::map<std::string, Withheld, std::less<>> all_withheld() const;  // by id
  // Looks again whether it is trusted: its next instances start accordingly. Nothing happens when there is none.
  void reconsider_trust(std::string_view id);
  [[nodiscard]] std::vector<Entry> list() const;  // by id
  [[nodiscard]] std::vector<Entry> at_extension_point(std::string_view point) const;

  static constexpr int usual_depth = 3;  // plugins/NAME/src/plugins: a whole project of a guide
  // Shows each folder at most `depth` levels below each directory to the detectors, in their order, and adds what they find;
  // a manifest.json is found without one. Hidden folders and links are passed over. A directory that does not exist is a
  // problem of its own. Slow: it reads files.
  ScanReport scan(std::span<const std::filesystem::path> directories, std::span<Detector* const> detectors = {},
                  int depth = usual_depth);
  // Adds what somebody found in another way, to the report of an earlier scan.
  void add(Finding finding, ScanReport& report);
  // Looks anew at which of the added ones lack something. scan() does so at its end.
  void find_incomplete(ScanReport& report) const;

  // `ids` and all they need, providers before consumers; equal ones by id. Error{not_found} "Missing dependency: x" or
  // "No plugin provides capability: x", Error{conflict} for a cycle, a version out of range or "Conflicts with registered
  // plugin: x".
  [[nodiscard]] std::vector<Entry> in_dependency_order(std::span<const std::string> ids) const;
  [[nodiscard]] std::vector<Entry> in_dependency_order() const;  // of all
  // The same for one that need not be registered: the next generation of a plugin may need other things than the present one.
  // Companions stand in for the registered ones with their ids.
  [[nodiscard]] std::vector<Entry> in_dependency_order(const Entry& plugin, std::span<const Entry> companions = {}) const;

 private:
  [[nodiscard]] Entry find_locked(std::string_view name) const;
  [[nodiscard]] const Withheld* find_withheld_locked(std::string_view name) const;
  void add_locked(const Entry& entry);
  void require_successor_locked(const Descriptor& next) const;
  [[nodiscard]] Trust trust_of(const Descriptor& descriptor) const;

  TrustedInProcess trusted_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> plugins_;  // by id
  std::map<std::string, std::string, std::less<>> ids_by_alias_;
  std::map<std::string, Withheld, std::less<>> withheld_;
};

}  // namespace mortise::plugin
