// Installing, enabling, disabling and uninstalling. The switch between versions is in installer_switch.cc, what only reads in
// installer_records.cc.
#include "package/installer.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "package/installer_words.h"
#include "store/connection.h"
#include "store/database.h"

namespace mortise::package {
namespace {

using store::Connection;
using store::InstallRow;
using store::PackageStore;

Error already_installed(const std::string& plugin) {
  return Error(Code::conflict, "Plugin '" + plugin + "' already installed. Use update instead.", "mortise plugin update " + plugin).with("plugin", plugin);
}

// Those that name `plugin` among their needs.
template <typename Plugins>
std::string those_who_need(const Plugins& plugins, const std::string& plugin) {
  std::string names;
  for (const auto& each : plugins) {
    const auto& needs = each->requires_;
    const bool needed = each->id != plugin && std::any_of(needs.begin(), needs.end(), [&](const plugin::Requirement& need) {
                          return need.type == plugin::Requirement::Type::plugin && need.name == plugin;
                        });
    if (needed) names += (names.empty() ? "" : ", ") + each->id;
  }
  return names;
}

void require_not_needed(const std::string& names, const std::string& plugin, const char* verb) {
  if (names.empty()) return;
  throw Error(Code::conflict, "Cannot " + std::string(verb) + " plugin '" + plugin + "'. It is needed by: " + names,
              std::string(verb) + " those first")
      .with("plugin", plugin)
      .with("needed_by", names);
}

// What comes along counts as there.
bool comes_along(const plugin::Requirement& need, const std::vector<plugin::Descriptor>& fresh) {
  return need.type == plugin::Requirement::Type::plugin && std::any_of(fresh.begin(), fresh.end(), [&](const plugin::Descriptor& one) {
           return one.id == need.name && Range::parse(need.range).contains(one.version);
         });
}

void require_dependencies(const std::vector<plugin::Descriptor>& fresh, const plugin::Registry& registry, Stage& stage) {
  for (const plugin::Descriptor& plugin : fresh) {
    Dependencies found = look_at_dependencies(plugin, registry, stage.lacking_packages(plugin));
    for (Dependency& one : found.all) one.resolved = one.resolved || comes_along(one.requirement, fresh);
    if (found.unresolved() != 0) throw unresolved(plugin.id, found);
  }
}

}  // namespace

Installer::Installer(Parts parts, Policy policy) : parts_(std::move(parts)), policy_(std::move(policy)) {}

void Installer::set_policy(Policy policy) {
  const std::lock_guard lock(policy_mutex_);
  policy_ = std::move(policy);
}

Policy Installer::policy() const {
  const std::lock_guard lock(policy_mutex_);
  return policy_;
}

void Installer::write(const std::function<void(PackageStore&)>& work) const {
  parts_.database
      .write(store::Durability::full,
             [work](Connection& connection) {
               PackageStore packages(connection);
               work(packages);
             })
      .get();
}

void Installer::begin() {
  (void)collect_garbage();
  const std::lock_guard lock(changing_);
  for (const std::string& name : parts_.database.read([](Connection& connection) { return PackageStore(connection).switched_off(); }))
    withhold(name);
  for (const InstallRow& row : parts_.database.read([](Connection& connection) { return PackageStore(connection).installed(); })) {
    try {
      plugin::Descriptor plugin = described(signed_well(parts_.depot.get(row.name, row.version)));
      require_free(plugin);
      parts_.stage.put(std::move(plugin));
      if (!row.enabled) withhold(row.name);
    } catch (const Error& error) {
      parts_.registry.withhold(row.name, error);
      parts_.log.failure("an installed plugin cannot be used", error, {{"plugin", row.name}, {"version", row.version}});
    }
  }
}

// What nobody may use stays known.
void Installer::withhold(const std::string& plugin) { parts_.registry.withhold(plugin, not_enabled(plugin)); }

void Installer::require_free(const plugin::Descriptor& plugin) const {
  std::vector<std::string> names = plugin.aliases;
  names.insert(names.begin(), plugin.id);
  for (const std::string& name : names) {
    std::optional<std::string> holder;
    if (const auto taken = parts_.registry.find(name)) holder = taken->id;
    for (const auto& withheld : parts_.registry.withheld()) {
      if (withheld->id == name) holder = withheld->id;
    }
    if (!holder) continue;
    throw Error(Code::conflict, "plugin '" + name + "' is already registered", "it lies in a folder of plugins: remove it there, or rename one of the two")
        .with("plugin", *holder);
  }
}

Opened Installer::open_and_judge(const Parcel& parcel, const Order& order) {
  const Policy policy = this->policy();
  Opened package = open(parts_.workshop, parcel, policy);
  try {
    judge(package, policy, order.findings);
  } catch (const Error& error) {
    store::PackageEvent event = event_of(order, package.descriptor.id, "refuse", "", package.descriptor.version_text);
    event.reason = error.what();
    event.details = json_of(package.scan);
    write([event](PackageStore& packages) { packages.record(event); });
    parts_.log.failure("a package was refused", error, {{"plugin", package.descriptor.id}, {"source", parcel.source}});
    throw;
  }
  return package;
}

Opened Installer::fetch(const std::string& plugin, const Version& version, const Order& order) {
  for (Supplier* supplier : suppliers(order)) {
    const auto offered = supplier->candidates(plugin);
    const bool has = std::any_of(offered.begin(), offered.end(), [&](const Candidate& one) { return one.version == version; });
    if (!has) continue;
    Opened package = open_and_judge(supplier->fetch(plugin, version), order);
    if (package.descriptor.id == plugin && package.descriptor.version == version) return package;
    throw Error(Code::denied, "'" + package.source + "' is " + package.descriptor.id + " " + package.descriptor.version_text + ", not " + plugin + " " + version.text(),
                "whoever offers it mixed them up, or wants to")
        .with("plugin", plugin);
  }
  throw Error(Code::not_found, "Target version " + version.text() + " not found", "nobody has that version of '" + plugin + "'").with("plugin", plugin);
}

Installer::Incoming Installer::bring(const Opened& package) {
  const plugin::Descriptor& told = package.descriptor;
  Depot::Label label{told.id, told.version_text, package.source, "", json_of(package.scan)};
  if (package.signature.state == SignatureCheck::State::verified) label.signer = package.signature.key_id;
  Depot::Placed placed = parts_.depot.place(package.contents, label);
  const store::PackageRow row = placed.row();
  return {described(row), row, std::move(placed), package.scan, package.signature.to_value()};
}

// ---- install ---------------------------------------------------------------------------------------------------------

Report Installer::install(const Parcel& parcel, const Order& order) {
  const Opened package = open_and_judge(parcel, order);
  const std::lock_guard lock(changing_);
  return install_now(package, order);
}

Report Installer::install(const std::string& plugin, const Range& range, const Order& order) {
  const std::lock_guard lock(changing_);
  if (find(plugin)) throw already_installed(plugin);
  return install_now(fetch(plugin, newest(plugin, range, situation(order)), order), order);
}

Report Installer::install_now(const Opened& package, const Order& order) {
  const plugin::Descriptor& wanted = package.descriptor;
  if (find(wanted.id)) throw already_installed(wanted.id);
  require_free(wanted);
  std::vector<Incoming> fresh;
  std::vector<std::string> along;
  if (order.use == Order::Use::enabled) along = make_moves(wanted, order, fresh);
  fresh.push_back(bring(package));
  if (order.use == Order::Use::enabled) {
    std::vector<plugin::Descriptor> all;
    for (const Incoming& one : fresh) all.push_back(one.descriptor);
    require_dependencies(all, parts_.registry, parts_.stage);
  }
  commit_installs(fresh, order);
  const plugin::Descriptor plugin = fresh.back().descriptor;
  Report done = report("install", get(plugin.id).row, plugin);
  done.scan = package.scan;
  done.signature = package.signature.to_value();
  done.along = std::move(along);
  if (package.signature.state == SignatureCheck::State::unknown_key && policy().signatures != Policy::Signatures::off)
    done.warnings.push_back(package.signature.message);
  parts_.log.info("a plugin was installed", {{"plugin", plugin.id}, {"version", plugin.version_text}, {"source", package.source}, {"by", order.who}});
  return done;
}

// Updates are made at once, each whole in itself; what is to be installed goes into one transaction with what wants it.
std::vector<std::string> Installer::make_moves(const plugin::Descriptor& wanted, const Order& order, std::vector<Incoming>& fresh) {
  std::vector<std::string> along;
  std::vector<Move> moves = plan_for(wanted, situation(order));
  std::vector<Opened> opened;  // all are fetched and judged before the first is used
  for (const Move& move : moves) {
    along.push_back(move.plugin + " " + move.version.text());
    if (move.kind == Move::Kind::install) opened.push_back(fetch(move.plugin, move.version, order));
  }
  for (const Move& move : moves) {
    if (move.kind == Move::Kind::update) (void)update_now(move.plugin, move.version, order, wanted.id);
  }
  for (const Opened& package : opened) {
    require_free(package.descriptor);
    fresh.push_back(bring(package));
  }
  return along;
}

void Installer::commit_installs(std::vector<Incoming>& fresh, const Order& order) {
  const bool enabled = order.use == Order::Use::enabled;
  std::vector<std::string> put;
  try {
    for (const Incoming& one : fresh) {
      parts_.stage.put(one.descriptor);
      put.push_back(one.descriptor.id);
      if (!enabled) withhold(one.descriptor.id);
    }
    std::vector<std::pair<store::PackageRow, InstallRow>> rows;
    std::vector<store::PackageEvent> events;
    for (const Incoming& one : fresh) {
      const Time time = now();
      rows.emplace_back(one.row, InstallRow{one.descriptor.id, make_uuid(), one.descriptor.version_text, enabled, 1, time, time, 0, {}});
      events.push_back(event_of(order, one.descriptor.id, "install", "", one.descriptor.version_text));
    }
    write([rows, events](PackageStore& packages) {
      for (const auto& [package, install] : rows) {
        (void)packages.add(package);
        packages.install(install);
      }
      for (const store::PackageEvent& event : events) packages.record(event);
    });
  } catch (...) {
    for (const std::string& plugin : put) parts_.stage.take(plugin);
    throw;
  }
}

// ---- enable, disable -------------------------------------------------------------------------------------------------

Report Installer::enable(const std::string& name, const Order& order) {
  const std::lock_guard lock(changing_);
  const auto found = find(name);
  if (!found) return switch_placed(name, Order::Use::enabled, order);
  InstallRow row = found->row;
  const store::PackageRow package = signed_well(parts_.depot.get(row.name, row.version));
  const plugin::Descriptor plugin = described(package);
  if (row.enabled && parts_.registry.find(row.name) != nullptr) return report("enable", row, plugin);
  const Dependencies dependencies = look_at_dependencies(plugin, parts_.registry, parts_.stage.lacking_packages(plugin));
  if (dependencies.unresolved() != 0) throw unresolved(plugin.id, dependencies);
  (void)plan_for(plugin, situation(order));  // a cycle, or what is enabled would no longer fit
  (void)parts_.registry.remove(row.name);    // it may have been withheld for another reason, and be another version
  try {
    parts_.stage.put(plugin);
    const auto event = event_of(order, row.name, "enable", row.version, row.version);
    write([row, event](PackageStore& packages) {
      packages.set_enabled(row.name, true, event.time);
      packages.record(event);
    });
  } catch (...) {
    withhold(row.name);
    throw;
  }
  row.enabled = true;
  return report("enable", row, plugin);
}

Report Installer::disable(const std::string& name, const Order& order) {
  const std::lock_guard lock(changing_);
  const auto found = find(name);
  if (!found) return switch_placed(name, Order::Use::disabled, order);
  InstallRow row = found->row;
  if (row.enabled) {
    require_not_needed(those_who_need(parts_.registry.list(), row.name), row.name, "disable");
    const auto event = event_of(order, row.name, "disable", row.version, row.version);
    write([row, event](PackageStore& packages) {
      packages.set_enabled(row.name, false, event.time);
      packages.record(event);
    });
    withhold(row.name);
    parts_.stage.retire(row.name);
  }
  row.enabled = false;
  return report("disable", row, present(row));
}

// Of a plugin that lies in a folder: nothing of it is kept but the word.
Report Installer::switch_placed(const std::string& name, Order::Use use, const Order& order) {
  const bool wanted = use == Order::Use::enabled;
  plugin::Registry::Entry plugin = parts_.registry.find(name);
  for (const auto& withheld : parts_.registry.withheld()) {
    if (withheld->id == name) plugin = withheld;
  }
  if (plugin == nullptr) throw no_such_plugin(name);
  const bool enabled = parts_.registry.find(plugin->id) != nullptr;
  Report done{wanted ? "enable" : "disable", plugin->id, plugin->version_text, plugin->version_text, wanted, {}, {}, {}, {}, {}, {}, {}};
  done.dependencies = look_at_dependencies(*plugin, parts_.registry, {});
  if (enabled == wanted) return done;
  if (!wanted) require_not_needed(those_who_need(parts_.registry.list(), plugin->id), plugin->id, "disable");
  if (wanted && done.dependencies.unresolved() != 0) throw unresolved(plugin->id, done.dependencies);
  const auto event = event_of(order, plugin->id, done.action.c_str(), plugin->version_text, plugin->version_text);
  write([wanted, event](PackageStore& packages) {
    wanted ? packages.switch_on(event.name) : packages.switch_off(event.name, event.time);
    packages.record(event);
  });
  if (wanted) {
    (void)parts_.registry.readmit(plugin->id);
  } else {
    withhold(plugin->id);
    parts_.stage.retire(plugin->id);
  }
  return done;
}

// ---- uninstall -------------------------------------------------------------------------------------------------------

Report Installer::uninstall(const std::string& name, const Order& order) {
  const std::lock_guard lock(changing_);
  const auto found = find(name);
  if (!found && parts_.registry.find(name) != nullptr) {
    throw Error(Code::conflict, "plugin '" + name + "' was not installed: it lies in a folder of plugins", "remove the folder, or disable the plugin")
        .with("plugin", name)
        .with("file", parts_.registry.find(name)->folder);
  }
  const Listed there = found ? *found : get(name);
  const InstallRow& row = there.row;
  require_not_needed(those_who_need(parts_.registry.list(), row.name), row.name, "uninstall");
  require_not_needed(those_who_need(parts_.registry.withheld(), row.name), row.name, "uninstall");
  Report done{"uninstall", row.name, row.version, "", false, {}, {}, {}, {}, {}, {}, {}};
  const auto event = event_of(order, row.name, "uninstall", row.version, "");
  write([row, event](PackageStore& packages) {
    packages.uninstall(row.name);
    packages.record(event);
  });
  parts_.stage.take(row.name);
  for (const store::PackageRow& package : there.versions) leaving_[parts_.depot.folder_of(package).string()] = row.name;
  (void)parts_.depot.collect_garbage([this](const std::filesystem::path& folder) {
    const auto left = leaving_.find(folder.string());
    return left != leaving_.end() && parts_.stage.in_use(left->second);
  });
  parts_.log.info("a plugin was uninstalled", {{"plugin", row.name}, {"version", row.version}, {"by", order.who}});
  return done;
}

}  // namespace mortise::package
