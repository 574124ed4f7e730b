// How the Installer gets hold of packages: opened and judged, fetched from those who have them, brought to where they are kept.
#include <algorithm>

#include "base/error.h"
#include "package/installer.h"
#include "package/installer_words.h"
#include "plugin/manifest.h"
#include "store/database.h"

namespace mortise::package {
namespace {

using store::PackageRow;
using store::PackageStore;

std::vector<Supplier*> suppliers_of(const Order& order, const std::vector<Supplier*>& further) {
  std::vector<Supplier*> all = order.suppliers;
  if (order.reach == Order::Reach::everyone) all.insert(all.end(), further.begin(), further.end());
  return all;
}

bool has(const std::vector<Candidate>& offered, const Version& version) {
  return std::any_of(offered.begin(), offered.end(), [&](const Candidate& one) { return one.version == version; });
}

}  // namespace

plugin::Descriptor renamed(plugin::Descriptor plugin, const std::string& name) {
  if (plugin.id == name) return plugin;
  const std::string ending = "." + plugin.id;
  std::vector<std::string> aliases;
  for (const std::string& alias : plugin.aliases) {
    if (alias.ends_with(ending) && name.find('.') == std::string::npos) aliases.push_back(alias.substr(0, alias.size() - plugin.id.size()) + name);
  }
  plugin.aliases = std::move(aliases);
  plugin.id = name;
  return plugin;
}

Opened Installer::open_and_judge(const Parcel& parcel, const Order& order) {
  const Policy policy = this->policy();
  Opened package = open(parts_.readers, parcel, policy);
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

// Under another name, what a marketplace has is meant only where it came from one: there the name of its package is somebody's own.
Installer::Source Installer::source_of(const std::string& plugin, const Order& order) const {
  const auto there = find(plugin);
  if (!there || there->package() == plugin) return {plugin, suppliers_of(order, parts_.suppliers)};
  const PackageRow* present = there->present();
  const bool marketed = present != nullptr && present->source.starts_with(marketplace_source);
  return {there->package(), marketed ? suppliers_of(order, parts_.suppliers) : order.suppliers};
}

std::vector<Candidate> Installer::offered(const Source& source) const {
  std::vector<Candidate> all;
  for (Supplier* supplier : source.suppliers) {
    for (Candidate& each : supplier->candidates(source.package)) all.push_back(std::move(each));
  }
  return all;
}

Opened Installer::fetch(const std::string& plugin, const Version& version, const Order& order) { return fetch(source_of(plugin, order), version, order); }

Opened Installer::fetch(const Source& source, const Version& version, const Order& order) {
  for (Supplier* supplier : source.suppliers) {
    if (!has(supplier->candidates(source.package), version)) continue;
    Opened package = open_and_judge(supplier->fetch(source.package, version), order);
    if (package.descriptor.id == source.package && package.descriptor.version == version) return package;
    throw Error(Code::denied,
                "'" + package.source + "' is " + package.descriptor.id + " " + package.descriptor.version_text + ", not " + source.package + " " + version.text(),
                "whoever offers it mixed them up, or wants to")
        .with("plugin", source.package);
  }
  throw Error(Code::not_found, "Target version " + version.text() + " not found", "nobody has that version of '" + source.package + "'")
      .with("plugin", source.package);
}

Installer::Incoming Installer::bring(const Opened& package, const std::string& name) {
  const plugin::Descriptor& told = package.descriptor;
  Depot::Label label{name, told.version_text, package.source, "", json_of(package.scan), told.id};
  if (package.signature.state == SignatureCheck::State::verified) label.signer = package.signature.key_id;
  Depot::Placed placed = parts_.depot.place(package.contents, label);
  const PackageRow row = placed.row();
  return {described(row), row, std::move(placed), package.scan, package.signature.to_value()};
}

Installer::Incoming Installer::bring(const PackageRow& kept) { return {described(kept), kept, std::nullopt, Value(), Value()}; }

// Kept, or had of a supplier.
Installer::Incoming Installer::incoming(const Listed& there, const Version& version, const Order& order) {
  if (const PackageRow* kept = there.find(version)) return bring(signed_well(*kept));
  const Source source = source_of(there.row.name, order);
  if (!has(offered(source), version)) return bring(parts_.depot.get(there.row.name, version.text()));  // says which are kept
  return bring(fetch(source, version, order), there.row.name);
}

Situation Installer::situation(const Order& order) const {
  std::vector<store::InstallRow> rows;
  for (const Listed& each : list()) rows.push_back(each.row);
  const auto kept = [this](const std::string& plugin) {
    std::vector<plugin::Descriptor> all;
    const auto found = find(plugin);
    if (!found) return all;
    for (const PackageRow& package : found->versions) {
      try {
        all.push_back(plugin::read_manifest(parts_.depot.folder_of(package)));
      } catch (const Error& error) {
        parts_.log.failure("a kept version cannot be used", error, {{"plugin", package.name}, {"version", package.version}});
      }
    }
    return all;
  };
  return {parts_.registry, std::move(rows), kept, [this, order](const std::string& plugin) { return offered(source_of(plugin, order)); }};
}

Report Installer::install(const Parcel& parcel, const Order& order) {
  const Opened package = open_and_judge(parcel, order);
  const std::lock_guard lock(changing_);
  return install_now(package, order);
}

Report Installer::install(const std::string& package, const Range& range, const Order& order) {
  const std::lock_guard lock(changing_);
  require_not_installed(find(order.as.empty() ? package : order.as));
  const Source source{package, suppliers_of(order, parts_.suppliers)};
  return install_now(fetch(source, newest(package, range, offered(source)), order), order);
}

}  // namespace mortise::package
