// From one version of an installed plugin to another: update and rollback.
#include <algorithm>

#include "base/error.h"
#include "package/installer.h"
#include "package/installer_words.h"

namespace mortise::package {
namespace {

using store::InstallRow;
using store::PackageStore;

Version target_version(const std::string& text) {
  if (const auto version = Version::try_parse(text)) return *version;
  throw Error(Code::invalid, "Invalid version format: " + text, "write it as 1.2.3").with("key", "target_version").with("got", text);
}

void require_same(const Listed& there, const Opened& package) {
  if (package.descriptor.id == there.package()) return;
  throw Error(Code::invalid, "the package is '" + package.descriptor.id + "', not '" + there.package() + "'").with("plugin", there.row.name);
}

// The newest of the versions that are older than the present one.
std::optional<Version> version_before(const Listed& there) {
  const Version current = Version::parse(there.row.version);
  std::optional<Version> best;
  for (const store::PackageRow& package : there.versions) {
    const Version version = Version::parse(package.version);
    if (version < current && (!best || version > *best)) best = version;
  }
  return best;
}

}  // namespace

void require_direction(const InstallRow& row, const Version& target, bool forward) {
  const Version current = Version::parse(row.version);
  if (target == current)
    throw Error(Code::conflict, "plugin '" + row.name + "' stands at " + row.version + " already").with("plugin", row.name);
  if ((target > current) == forward) return;
  throw Error(Code::invalid,
              "Target version " + target.text() + " is " + (forward ? "older" : "newer") + " than the installed " + row.version + ". Use " +
                  (forward ? "rollback" : "update") + " instead.",
              std::string("mortise plugin ") + (forward ? "rollback " : "update ") + row.name)
      .with("plugin", row.name);
}

Report Installer::keep(const std::string& plugin, const Parcel& parcel, const Order& order) {
  const Opened package = open_and_judge(parcel, order);
  const std::lock_guard lock(changing_);
  const Listed there = get(plugin);
  require_same(there, package);
  const Incoming one = bring(package, there.row.name);
  const auto event = event_of(order, there.row.name, "keep", "", package.descriptor.version_text);
  write([row = one.row, event](PackageStore& packages) {
    if (packages.add(row)) packages.record(event);
  });
  Report done = report("keep", there.row, one.descriptor);
  done.version = package.descriptor.version_text;
  done.scan = package.scan;
  done.signature = package.signature.to_value();
  done.change = change_between(present(there.row), one.descriptor);
  return done;
}

Report Installer::update(const std::string& plugin, const Parcel& parcel, const Order& order) {
  const Opened package = open_and_judge(parcel, order);
  const std::lock_guard lock(changing_);
  const Listed there = get(plugin);
  require_same(there, package);
  require_direction(there.row, package.descriptor.version, true);
  return go_over(there.row, bring(package, there.row.name), order, Direction::update);
}

Report Installer::update(const std::string& plugin, const std::optional<std::string>& target, const Order& order) {
  const std::lock_guard lock(changing_);
  const Listed there = get(plugin);
  const InstallRow& row = there.row;
  const Version wanted = target ? target_version(*target) : newest(row.name, Range(), to_be_had(row.name, situation(order)));
  if (!target && !(wanted > Version::parse(row.version))) {
    throw Error(Code::not_found, "there is no newer version of '" + row.name + "' than " + row.version,
                "name a package, a folder of them with --from, or upload one")
        .with("plugin", row.name);
  }
  require_direction(row, wanted, true);
  return go_over(row, incoming(there, wanted, order), order, Direction::update);
}

Report Installer::rollback(const std::string& plugin, const std::optional<std::string>& target, const Order& order) {
  const std::lock_guard lock(changing_);
  const Listed there = get(plugin);
  const InstallRow& row = there.row;
  const std::optional<Version> wanted = target ? target_version(*target) : version_before(there);
  if (!wanted) {
    throw Error(Code::not_found, "no version of '" + row.name + "' before " + row.version + " is kept", "mortise plugin versions " + row.name)
        .with("plugin", row.name);
  }
  require_direction(row, *wanted, false);
  return go_over(row, bring(signed_well(parts_.depot.get(row.name, wanted->text()))), order, Direction::rollback);
}

// Those that need it are not taken along: to go over is their own decision.
Report Installer::go_over(const InstallRow& row, Incoming next, const Order& order, Direction direction) {
  Undertaking all;
  Step wanted = step(row, std::move(next), order, direction);
  if (row.enabled) require_content(wanted.next.descriptor, all);
  if (row.enabled) take_along(all, wanted.next.descriptor, order, direction);
  all.steps.push_back(std::move(wanted));
  if (row.enabled) require_satisfied(all);
  carry_out(all, order);
  Report told = done(all.steps.back(), order);
  told.along = all.along;
  return told;
}

}  // namespace mortise::package
