// Installing, enabling, disabling and uninstalling. Versions are switched in installer_switch.cc; what only reads is in
// installer_records.cc.
#include "package/installer.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "package/installer_words.h"
#include "plugin/manifest.h"
#include "store/connection.h"
#include "store/database.h"

namespace mortise::package {
namespace {

using store::Connection;
using store::InstallRow;
using store::PackageStore;

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
  for (const InstallRow& row : parts_.database.read([](Connection& connection) { return PackageStore(connection).installed(); })) begin(row);
}

void Installer::begin(const InstallRow& row) {
  try {
    const store::PackageRow package = signed_well(parts_.depot.get(row.name, row.version));
    parts_.depot.require_whole_at_a_glance(package);
    plugin::Descriptor plugin = renamed(parts_.stage.describe(parts_.depot.folder_of(package).string(), package.package), row.name);
    require_free(plugin);
    parts_.stage.put(std::move(plugin));
    if (!row.enabled) withhold(row.name);
  } catch (const Error& error) {
    parts_.registry.withhold(row.name, error);
    parts_.log.failure("an installed plugin cannot be used", error, {{"plugin", row.name}, {"version", row.version}});
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
    throw Error(Code::conflict, "plugin '" + name + "' is already registered", "install this one under another name: --as NAME")
        .with("plugin", *holder);
  }
}

// ---- install ---------------------------------------------------------------------------------------------------------

Report Installer::install_now(const Opened& package, const Order& order) {
  const std::string name = order.as.empty() ? package.descriptor.id : order.as;
  if (!order.as.empty()) plugin::check_plugin_name(name);
  require_not_installed(find(name));
  const plugin::Descriptor wanted = renamed(package.descriptor, name);
  require_free(wanted);
  Undertaking all;
  if (order.use == Order::Use::enabled) take_along(all, wanted, order, Direction::update);
  all.installs.push_back(bring(package, name));
  all.installs.back().enabled = order.use == Order::Use::enabled;
  require_satisfied(all);
  carry_out(all, order);
  Report told = done(all.installs.back(), order);
  told.along = all.along;
  if (package.signature.state == SignatureCheck::State::unknown_key && policy().signatures != Policy::Signatures::off)
    told.warnings.push_back(package.signature.message);
  return told;
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
