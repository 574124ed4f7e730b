// The tables of packages: every version that is kept, which of them is in use, and what was done when and why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::store {

class Connection;

// One version of one plugin. Its files lie in a folder named by the digest.
struct PackageRow {
  std::string name, version, digest;
  std::string package;    // the name in its manifest: another than `name` where it was installed under another
  std::string listing;    // of its files: see package/contents.h
  std::string source;     // where it came from: "upload", a folder, the address of a marketplace
  std::string signer;     // id of the key that signed it; empty: nobody did
  std::string scan;       // JSON: what the scanner found
  std::uint64_t bytes = 0;
  Time stored;
};

// A plugin that is installed: which version, and whether it may be used.
struct InstallRow {
  std::string name, id;  // id: a UUID, for the guides that name plugins so
  std::string version;
  bool enabled = false;
  std::int64_t generation = 1;  // counts the switches
  Time installed, changed;
  std::int64_t uses = 0;
  std::optional<Time> used;
};

struct PackageEvent {
  std::int64_t number = 0;
  std::string name, action;  // install, keep, enable, disable, update, rollback, uninstall, refuse
  std::string from, to;      // versions; empty where there is none
  std::string reason, who;
  Time time;
  std::string details = {};  // JSON, or empty
};

class PackageStore {
 public:
  explicit PackageStore(Connection& connection) : connection_(connection) {}

  // False when this version is there already with the same digest; Error{conflict} with another one.
  bool add(const PackageRow& package);
  void remove(const std::string& name, const std::string& version);
  [[nodiscard]] std::optional<PackageRow> find(const std::string& name, const std::string& version);
  [[nodiscard]] std::vector<PackageRow> versions(const std::string& name);  // as they came
  [[nodiscard]] std::vector<PackageRow> all();
  [[nodiscard]] std::vector<std::string> digests();
  [[nodiscard]] std::optional<PackageRow> with_digest(const std::string& digest);  // one of them

  // Error{conflict} when the name is installed.
  void install(const InstallRow& row);
  void set_version(const std::string& name, const std::string& version, Time when);
  void set_enabled(const std::string& name, bool enabled, Time when);
  void uninstall(const std::string& name);
  void count_use(const std::string& name, Time when);
  [[nodiscard]] std::optional<InstallRow> installed(const std::string& name_or_id);
  [[nodiscard]] std::vector<InstallRow> installed();

  // `number` is given here. Of refusals, which strangers cause, only the last 200 stay.
  void record(const PackageEvent& event);
  [[nodiscard]] std::vector<PackageEvent> history(const std::string& name);  // newest first; of all when it is empty

  // Plugins of folders, which no row above knows, that may not be used.
  void switch_off(const std::string& name, Time when);
  void switch_on(const std::string& name);
  [[nodiscard]] std::vector<std::string> switched_off();

 private:
  Connection& connection_;
};

}  // namespace mortise::store
