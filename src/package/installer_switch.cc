// From one version of an installed plugin to another: update and rollback. And the lock: all of them at once.
#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "package/installer.h"
#include "package/installer_words.h"
#include "store/connection.h"
#include "store/database.h"

namespace mortise::package {
namespace {

using store::InstallRow;
using store::PackageStore;

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

// Whoever is enabled and would not take the version.
void require_consumers_content(const plugin::Registry& registry, const plugin::Descriptor& next, const std::string& besides) {
  for (const auto& each : registry.list()) {
    if (each->id == besides) continue;
    for (const plugin::Requirement& need : each->requires_) {
      if (need.type != plugin::Requirement::Type::plugin || need.name != next.id || Range::parse(need.range).contains(next.version)) continue;
      throw Error(Code::conflict, "plugin '" + each->id + "' " + each->version_text + " needs " + next.id + " " + need.range + ", which " + next.version_text + " is not",
                  "update '" + each->id + "' first, or disable it")
          .with("plugin", next.id)
          .with("needed_by", each->id);
    }
  }
}

void require_accepted(const std::string& plugin, const Change& change, const Order& order) {
  if (change.permissions_added.empty() || order.accept) return;
  throw Error(Code::conflict, "the update of '" + plugin + "' wants new permissions: " + joined(change.permissions_added),
              "look at them, then confirm: --accept, or \"accept\": true")
      .with("plugin", plugin)
      .with("permissions", joined(change.permissions_added))
      .with("change", json_of(change.to_value()));
}

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

Version target_version(const std::string& text) {
  if (const auto version = Version::try_parse(text)) return *version;
  throw Error(Code::invalid, "Invalid version format: " + text, "write it as 1.2.3").with("key", "target_version").with("got", text);
}

}  // namespace

Installer::Incoming Installer::bring(const store::PackageRow& kept) { return {described(kept), kept, std::nullopt, Value(), Value()}; }

// Kept, or had of a supplier.
Installer::Incoming Installer::incoming(const InstallRow& row, const Version& version, const Order& order) {
  for (const store::PackageRow& package : get(row.name).versions) {
    if (Version::parse(package.version) == version) return bring(signed_well(package));
  }
  const auto all = suppliers(order);
  const bool offered = std::any_of(all.begin(), all.end(), [&](Supplier* supplier) {
    const auto candidates = supplier->candidates(row.name);
    return std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& one) { return one.version == version; });
  });
  if (!offered) return bring(parts_.depot.get(row.name, version.text()));  // says which are kept
  return bring(fetch(row.name, version, order));
}

Report Installer::keep(const std::string& plugin, const Parcel& parcel, const Order& order) {
  const Opened package = open_and_judge(parcel, order);
  const std::lock_guard lock(changing_);
  const Listed there = get(plugin);
  if (package.descriptor.id != there.row.name) {
    throw Error(Code::invalid, "the package is '" + package.descriptor.id + "', not '" + there.row.name + "'").with("plugin", there.row.name);
  }
  const Incoming one = bring(package);
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
  const InstallRow row = get(plugin).row;
  if (package.descriptor.id != row.name) {
    throw Error(Code::invalid, "the package is '" + package.descriptor.id + "', not '" + row.name + "'").with("plugin", row.name);
  }
  require_direction(row, package.descriptor.version, true);
  return switch_to(row, bring(package), order, Direction::update);
}

Report Installer::update(const std::string& plugin, const std::optional<std::string>& target, const Order& order) {
  const std::lock_guard lock(changing_);
  const InstallRow row = get(plugin).row;
  if (target) return update_now(row.name, target_version(*target), order);
  const Version best = newest(row.name, Range(), situation(order));
  if (!(best > Version::parse(row.version))) {
    throw Error(Code::not_found, "there is no newer version of '" + row.name + "' than " + row.version,
                "name a package, a folder of them with --from, or upload one")
        .with("plugin", row.name);
  }
  return update_now(row.name, best, order);
}

Report Installer::update_now(const std::string& plugin, const Version& target, const Order& order, const std::string& besides) {
  const InstallRow row = get(plugin).row;
  require_direction(row, target, true);
  return switch_to(row, incoming(row, target, order), order, Direction::update, besides);
}

Report Installer::rollback(const std::string& plugin, const std::optional<std::string>& target, const Order& order) {
  const std::lock_guard lock(changing_);
  const Listed there = get(plugin);
  const InstallRow& row = there.row;
  const Version current = Version::parse(row.version);
  std::optional<Version> wanted;
  if (target) wanted = target_version(*target);
  for (const store::PackageRow& package : there.versions) {  // else the newest of the older ones
    const Version version = Version::parse(package.version);
    if (!target && version < current && (!wanted || version > *wanted)) wanted = version;
  }
  if (!wanted) {
    throw Error(Code::not_found, "no version of '" + row.name + "' before " + row.version + " is kept", "mortise plugin versions " + row.name)
        .with("plugin", row.name);
  }
  require_direction(row, *wanted, false);
  return switch_to(row, bring(signed_well(parts_.depot.get(row.name, wanted->text()))), order, Direction::rollback);
}

void Installer::put_in_place(const InstallRow& row, const plugin::Descriptor& next, const std::function<void()>& commit) {
  if (row.enabled && parts_.registry.find(row.name) != nullptr) return parts_.stage.exchange(next, commit);
  commit();
  (void)parts_.registry.remove(row.name);
  parts_.stage.put(next);
  if (!row.enabled) withhold(row.name);
}

Report Installer::switch_to(const InstallRow& row, Incoming next, const Order& order, Direction direction, const std::string& besides) {
  const char* action = direction == Direction::update ? "update" : "rollback";
  const plugin::Descriptor before = present(row);
  const Change change = change_between(before, next.descriptor);
  if (direction == Direction::update) require_accepted(row.name, change, order);
  std::vector<Incoming> fresh;
  std::vector<std::string> along;
  if (row.enabled) {
    require_consumers_content(parts_.registry, next.descriptor, besides);
    if (besides.empty()) along = make_moves(next.descriptor, order, fresh);  // else it is one of those moves itself
    if (!fresh.empty()) {
      Order enabled = order;
      enabled.use = Order::Use::enabled;
      commit_installs(fresh, enabled);
    }
    const Dependencies dependencies = look_at_dependencies(next.descriptor, parts_.registry, parts_.stage.lacking_packages(next.descriptor));
    if (dependencies.unresolved() != 0) throw unresolved(row.name, dependencies);
  }
  store::PackageEvent event = event_of(order, row.name, action, row.version, next.descriptor.version_text);
  event.details = json_of(change.to_value());
  bool committed = false;
  const auto commit = [&] {
    write([package = next.row, event](PackageStore& packages) {
      (void)packages.add(package);
      packages.set_version(event.name, event.to, event.time);
      packages.record(event);
    });
    committed = true;
  };
  try {
    put_in_place(row, next.descriptor, commit);
  } catch (...) {
    if (committed) write([&](PackageStore& packages) { packages.set_version(row.name, row.version, now()); });
    throw;
  }
  Report done = report(action, get(row.name).row, next.descriptor);
  done.from = row.version;
  done.scan = next.scan;
  done.signature = next.signature;
  done.change = change;
  done.along = std::move(along);
  if (change.breaking && direction == Direction::update) {
    done.warnings.push_back("Major version change " + row.version + " -> " + next.descriptor.version_text + ": this update may contain breaking changes");
  }
  parts_.log.info("a plugin was switched", {{"plugin", row.name}, {"action", action}, {"from", row.version}, {"to", done.version}, {"by", order.who}});
  return done;
}

}  // namespace mortise::package
