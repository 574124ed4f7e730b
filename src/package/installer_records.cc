// What the Installer knows: lists, history, verification, garbage; and the words that its parts share.
#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "data/value_json.h"
#include "package/installer.h"
#include "package/installer_words.h"
#include "store/connection.h"
#include "store/database.h"

namespace mortise::package {

using store::Connection;
using store::InstallRow;
using store::PackageRow;
using store::PackageStore;

Error not_enabled(const std::string& plugin) {
  return Error(Code::denied, "Plugin is not enabled: " + plugin, "mortise plugin enable " + plugin).with("plugin", plugin);
}

Error no_such_plugin(const std::string& name) {
  return Error(Code::not_found, "Plugin with ID '" + name + "' not found", "`mortise plugin list` and `mortise plugin versions` show those that are there")
      .with("plugin", name);
}

void require_not_installed(const std::optional<Listed>& there) {
  if (!there) return;
  const std::string& name = there->row.name;
  throw Error(Code::conflict, "Plugin '" + name + "' already installed. Use update instead.",
              "mortise plugin update " + name + "; another plugin of this name is installed under another one: --as NAME")
      .with("plugin", name);
}

Error unresolved(const std::string& plugin, const Dependencies& dependencies) {
  Error error(Code::conflict, "Cannot enable plugin. Unresolved dependencies: " + dependencies.unresolved_names(),
              "install and enable them first; --from FOLDER names a folder that has them");
  error.with("plugin", plugin).with("dependencies", json_of(dependencies.to_value(plugin)));
  return error;
}

store::PackageEvent event_of(const Order& order, const std::string& plugin, const char* action, const std::string& from, const std::string& to) {
  return {0, plugin, action, from, to, order.reason, order.who, now(), {}};
}

std::string json_of(const Value& value) { return data::to_json(value); }

const PackageRow* Listed::present() const {
  const auto at = std::find_if(versions.begin(), versions.end(), [&](const PackageRow& one) { return one.version == row.version; });
  return at == versions.end() ? nullptr : &*at;
}

const PackageRow* Listed::find(const Version& version) const {
  const auto at = std::find_if(versions.begin(), versions.end(), [&](const PackageRow& one) { return Version::parse(one.version) == version; });
  return at == versions.end() ? nullptr : &*at;
}

std::optional<Listed> Installer::find(const std::string& name_or_id) const {
  return parts_.database.read([&](Connection& connection) -> std::optional<Listed> {
    PackageStore packages(connection);
    auto row = packages.installed(name_or_id);
    if (!row) return std::nullopt;
    auto versions = packages.versions(row->name);
    return Listed{*std::move(row), std::move(versions)};
  });
}

Listed Installer::get(const std::string& name_or_id) const {
  if (auto found = find(name_or_id)) return *std::move(found);
  throw no_such_plugin(name_or_id);
}

std::vector<Listed> Installer::list() const {
  return parts_.database.read([](Connection& connection) {
    PackageStore packages(connection);
    std::vector<Listed> all;
    for (InstallRow& row : packages.installed()) {
      auto versions = packages.versions(row.name);
      all.push_back({std::move(row), std::move(versions)});
    }
    return all;
  });
}

std::vector<store::PackageEvent> Installer::history(const std::string& plugin) const {
  return parts_.database.read([&](Connection& connection) { return PackageStore(connection).history(plugin); });
}

plugin::Descriptor Installer::described(const PackageRow& package) const {
  parts_.depot.require_unchanged(parts_.depot.folder_of(package));
  return renamed(parts_.stage.describe(parts_.depot.folder_of(package).string(), package.package), package.name);
}

// As the one that works was described, or anew.
plugin::Descriptor Installer::present(const InstallRow& row) const {
  if (const auto there = parts_.registry.find(row.name)) return *there;
  for (const auto& withheld : parts_.registry.withheld()) {
    if (withheld->id == row.name) return *withheld;
  }
  return described(parts_.depot.get(row.name, row.version));
}

std::vector<Depot::Damage> Installer::verify() const {
  std::vector<Depot::Damage> damages = parts_.depot.verify();
  for (const Listed& each : list()) {
    for (const PackageRow& package : each.versions) {
      try {
        (void)signed_well(package);
      } catch (const Error& error) {
        damages.push_back({package.name, package.version, {error.what()}});
      }
    }
  }
  return damages;
}

Depot::Garbage Installer::collect_garbage() {
  const std::lock_guard lock(changing_);
  return parts_.depot.collect_garbage([this](const std::filesystem::path& folder) {
    const auto left = leaving_.find(folder.string());
    return left != leaving_.end() && parts_.stage.in_use(left->second);
  });
}

// Under `required` the key must be trusted now, not only when it was installed.
PackageRow Installer::signed_well(PackageRow package) const {
  const Policy policy = this->policy();
  if (policy.signatures != Policy::Signatures::required) return package;
  for (const PublicKey& key : policy.keys()) {
    if (key.id_text() == package.signer) return package;
  }
  throw Error(Code::denied,
              "plugin '" + package.name + "' " + package.version +
                  (package.signer.empty() ? std::string(" is not signed") : " is signed with key " + package.signer + ", which is not trusted here"),
              "packages.signatures is `required`: name the publisher's public key in packages.trusted_keys")
      .with("plugin", package.name);
}

Report Installer::report(std::string action, const InstallRow& row, const plugin::Descriptor& plugin) {
  Report done;
  done.action = std::move(action);
  done.plugin = row.name;
  done.from = row.version;
  done.version = row.version;
  done.enabled = row.enabled;
  const bool used = done.action != "disable" && done.action != "keep";
  done.dependencies = look_at_dependencies(plugin, parts_.registry, used ? parts_.stage.lacking_packages(plugin) : std::map<std::string, std::string>());
  done.permissions = plugin.permissions;
  return done;
}

}  // namespace mortise::package
