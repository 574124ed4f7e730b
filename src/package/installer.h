// Installer: the life of packages. Installed, enabled, updated, rolled back, disabled, uninstalled; and the record of all that.
//
// A package is unpacked and scanned before anything of it is visible, its files are placed whole (depot.h), and one transaction
// (Durability::full) says what is true from then on: of all plugins that one order changes at once. The rows are the truth: a host
// that dies anywhere in between starts with the old state or the new one, and sweeps what is unfinished. A version that is kept never
// changes; every version stays until the plugin is uninstalled, so any of them can be gone back to. A switch drops no call
// (Stage::exchange). What a plugin's folder holds is compared with what was installed before it is loaded (Depot::require_unchanged).
//
// A plugin is known by the name in its manifest, unless the operator gave it another one (Order::as): so two of one name, from different
// people, live side by side.
//
// Thread-safe; changes come one after the other. Unpacking and scanning happen before that, side by side.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "package/dependencies.h"
#include "package/depot.h"
#include "package/parcel.h"
#include "package/plan.h"
#include "package/policy.h"
#include "package/stage.h"
#include "package/supplier.h"
#include "plugin/registry.h"
#include "store/packages.h"

namespace mortise::package {

// How, and for whom.
struct Order {
  std::string who;     // for the record: "local", "operator", "token ci"
  std::string reason;  // of an update, a rollback, an uninstall
  enum class Use { disabled, enabled };
  Use use = Use::disabled;                      // of what is installed
  bool accept = false;                          // new permissions of an update were seen and are fine
  Findings findings = Findings::judged;
  std::vector<Supplier*> suppliers = {};        // where else needed packages can be had; outlive the call
  enum class Reach { everyone, own };
  Reach reach = Reach::everyone;                // own: the installer's suppliers are not asked
  std::string as = {};                          // of an install: the name that the plugin has here; empty: its own
};

// What was done.
struct Report {
  std::string action;  // "install", "enable", ...
  std::string plugin, from, version;
  bool enabled = false;
  Value scan, signature;                      // null where no package was looked at
  Dependencies dependencies;
  std::vector<std::string> permissions;       // declared by this version
  std::optional<Change> change;               // of an update or a rollback
  std::vector<std::string> warnings;
  std::vector<std::string> along;             // "base 2.1.0": what was installed or exchanged for it
};

struct Listed {
  store::InstallRow row;
  std::vector<store::PackageRow> versions;  // kept, in the order of their coming

  // The name in its manifest.
  [[nodiscard]] const std::string& package() const { return versions.empty() ? row.name : versions.front().package; }
  // The version in use, or null.
  [[nodiscard]] const store::PackageRow* present() const;
  [[nodiscard]] const store::PackageRow* find(const Version& version) const;
};

struct LockEntry;  // lock_file.cc

class Installer {
 public:
  struct Parts {
    store::Database& database;
    Depot& depot;
    Readers& readers;
    Stage& stage;
    plugin::Registry& registry;
    Log log;
    std::vector<Supplier*> suppliers = {};  // asked after those of an order: the marketplaces
  };
  Installer(Parts parts, Policy policy);

  // Puts what is enabled in its place and sweeps what is unfinished. A plugin that cannot be used is told in the log, and to whoever
  // asks for it. What is damaged at a glance is found here; what only reading finds, by whoever loads it.
  void begin();
  void set_policy(Policy policy);
  [[nodiscard]] Policy policy() const;

  // Each throws Error and leaves everything as it was. Slow.

  // Error{conflict} "Plugin 'x' already installed. Use update instead."; Error{denied} when the scan or the signature refuses it
  // (parcel.h); Error{conflict} when it is to be enabled and something that it needs is not to be had.
  Report install(const Parcel& parcel, const Order& order);
  // The newest version that can be had of the suppliers.
  Report install(const std::string& package, const Range& range, const Order& order);
  // A further version of an installed plugin, for a later update.
  Report keep(const std::string& plugin, const Parcel& parcel, const Order& order);
  // What it needs goes over with it, at the same instant. Error{conflict} that lists new permissions until order.accept (detail `change`).
  Report update(const std::string& plugin, const Parcel& parcel, const Order& order);
  // To a kept version, or one of the suppliers; the newest when none is named.
  Report update(const std::string& plugin, const std::optional<std::string>& target, const Order& order);
  // To a kept version that is older; the one before when none is named.
  Report rollback(const std::string& plugin, const std::optional<std::string>& target, const Order& order);
  // Also of plugins of folders. Idempotent. "Cannot enable plugin. Unresolved dependencies: ..."
  Report enable(const std::string& plugin, const Order& order);
  // Error{conflict} while enabled plugins need it. Idempotent.
  Report disable(const std::string& plugin, const Order& order);
  // Error{conflict} while others need it.
  Report uninstall(const std::string& plugin, const Order& order);

  // By name or id. Error{not_found} "Plugin with ID 'x' not found".
  [[nodiscard]] Listed get(const std::string& name_or_id) const;
  [[nodiscard]] std::optional<Listed> find(const std::string& name_or_id) const;
  [[nodiscard]] std::vector<Listed> list() const;  // by name
  [[nodiscard]] std::vector<store::PackageEvent> history(const std::string& plugin) const;  // newest first; empty: of all
  [[nodiscard]] std::vector<Depot::Damage> verify() const;  // slow
  Depot::Garbage collect_garbage();                         // slow

  // {"mortise_lock": 1, "plugins": [{"name", "package", "version", "sha256", "source", "enabled"}]}: what others need before what needs it.
  [[nodiscard]] Value lock() const;
  // Installs and switches until each of them stands in that version with that content. What is installed beside them stays.
  std::vector<Report> install_locked(const Value& lock, const Order& order);

 private:
  // A version on its way to be used: its files are there.
  struct Incoming {
    plugin::Descriptor descriptor;
    store::PackageRow row;
    std::optional<Depot::Placed> placed;  // empty: it was kept before
    Value scan, signature;
    bool enabled = true;                  // of an install
  };
  enum class Direction { update, rollback };
  // An installed plugin that goes to another version.
  struct Step {
    store::InstallRow row;
    Incoming next;
    Change change;
    Direction direction;
  };
  // All that one order changes at one instant. Providers come before those that need them.
  struct Undertaking {
    std::vector<Incoming> installs;
    std::vector<Step> steps;
    std::vector<std::string> along;

    // The plugin as it will be; null when nothing happens to it.
    [[nodiscard]] const plugin::Descriptor* find(const std::string& plugin) const;
  };
  // By which name, and of whom, further versions of a plugin can be had.
  struct Source {
    std::string package;
    std::vector<Supplier*> suppliers;
  };

  // Getting hold of packages (installer_fetch.cc).
  Opened open_and_judge(const Parcel& parcel, const Order& order);
  Opened fetch(const std::string& plugin, const Version& version, const Order& order);
  Opened fetch(const Source& source, const Version& version, const Order& order);
  Incoming bring(const Opened& package, const std::string& name);
  Incoming bring(const store::PackageRow& kept);
  Incoming incoming(const Listed& there, const Version& version, const Order& order);
  [[nodiscard]] Source source_of(const std::string& plugin, const Order& order) const;
  [[nodiscard]] std::vector<Candidate> offered(const Source& source) const;
  [[nodiscard]] Situation situation(const Order& order) const;
  [[nodiscard]] plugin::Descriptor described(const store::PackageRow& package) const;
  [[nodiscard]] store::PackageRow signed_well(store::PackageRow package) const;

  // Carrying out what was decided (installer_undertaking.cc).
  void take_along(Undertaking& all, const plugin::Descriptor& wanted, const Order& order, Direction direction);
  Step step(const store::InstallRow& row, Incoming next, const Order& order, Direction direction) const;
  void require_content(const plugin::Descriptor& next, const Undertaking& besides) const;
  void require_satisfied(const Undertaking& all) const;
  void carry_out(const Undertaking& all, const Order& order);
  Report done(const Incoming& install, const Order& order);
  Report done(const Step& step, const Order& order);
  void commit(const Undertaking& all, const Order& order);
  void take_back(const Undertaking& all);
  void put_at_rest(const Step& step);
  [[nodiscard]] bool works(const store::InstallRow& row) const;

  Report install_now(const Opened& package, const Order& order);
  Report go_over(const store::InstallRow& row, Incoming next, const Order& order, Direction direction);
  Report switch_placed(const std::string& plugin, Order::Use use, const Order& order);
  [[nodiscard]] Report report(std::string action, const store::InstallRow& row, const plugin::Descriptor& plugin);
  [[nodiscard]] plugin::Descriptor present(const store::InstallRow& row) const;
  void begin(const store::InstallRow& row);
  void require_free(const plugin::Descriptor& plugin) const;
  void withhold(const std::string& plugin);
  void write(const std::function<void(store::PackageStore&)>& work) const;
  std::vector<Report> stand_as_locked(const std::vector<LockEntry>& entries, const Order& order);
  void add_locked(Undertaking& all, const LockEntry& wanted, const Order& order);
  std::optional<Report> use_as_locked(const LockEntry& wanted, const Order& order);

  const Parts parts_;
  std::mutex changing_;  // one change at a time
  mutable std::mutex policy_mutex_;
  Policy policy_;
  std::map<std::string, std::string> leaving_;  // folder -> plugin that was uninstalled and may still work; guarded by changing_
};

}  // namespace mortise::package
