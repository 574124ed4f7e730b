// What one order changes at one instant: looked through as a whole, then carried out as a whole.
#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "package/installer.h"
#include "package/installer_words.h"

namespace mortise::package {
namespace {

using plugin::Requirement;
using store::InstallRow;
using store::PackageStore;

bool fits(const Requirement& need, const plugin::Descriptor& plugin) { return Range::parse(need.range).contains(plugin.version); }

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

void require_accepted(const std::string& plugin, const Change& change, const Order& order) {
  if (change.permissions_added.empty() || order.accept) return;
  throw Error(Code::conflict, "the update of '" + plugin + "' wants new permissions: " + joined(change.permissions_added),
              "look at them, then confirm: --accept, or \"accept\": true")
      .with("plugin", plugin)
      .with("permissions", joined(change.permissions_added))
      .with("change", json_of(change.to_value()));
}

// `coming`: the plugin of that name, as it will be.
void count_what_comes(Dependency& one, const plugin::Descriptor& coming) {
  one.resolved = fits(one.requirement, coming);
  one.found = coming.version_text;
  one.message = one.resolved ? coming.version_text + " comes along" : "needs " + one.requirement.range + ", " + coming.version_text + " comes along";
}

}  // namespace

const plugin::Descriptor* Installer::Undertaking::find(const std::string& plugin) const {
  for (const Incoming& one : installs) {
    if (one.descriptor.id == plugin) return &one.descriptor;
  }
  for (const Step& one : steps) {
    if (one.row.name == plugin) return &one.next.descriptor;
  }
  return nullptr;
}

// All are fetched and judged here; nothing is visible yet.
void Installer::take_along(Undertaking& all, const plugin::Descriptor& wanted, const Order& order, Direction direction) {
  for (const Move& move : plan_for(wanted, situation(order))) {
    all.along.push_back(move.plugin + " " + move.version.text());
    if (move.kind == Move::Kind::install) {
      const Opened package = fetch(move.plugin, move.version, order);
      require_free(package.descriptor);
      all.installs.push_back(bring(package, move.plugin));
      continue;
    }
    const Listed there = get(move.plugin);
    const bool back = move.version < Version::parse(there.row.version);
    if (direction == Direction::update) require_direction(there.row, move.version, true);
    all.steps.push_back(step(there.row, incoming(there, move.version, order), order, back ? Direction::rollback : Direction::update));
  }
}

Installer::Step Installer::step(const InstallRow& row, Incoming next, const Order& order, Direction direction) const {
  Change change = change_between(present(row), next.descriptor);
  if (direction == Direction::update) require_accepted(row.name, change, order);
  return {row, std::move(next), std::move(change), direction};
}

// Whoever is enabled would take it.
void Installer::require_content(const plugin::Descriptor& next, const Undertaking& besides) const {
  for (const auto& consumer : parts_.registry.list()) {
    if (besides.find(consumer->id) != nullptr) continue;
    for (const Requirement& need : consumer->requires_) {
      if (need.type != Requirement::Type::plugin || need.name != next.id || fits(need, next)) continue;
      throw Error(Code::conflict,
                  "plugin '" + consumer->id + "' " + consumer->version_text + " needs " + next.id + " " + need.range + ", which " + next.version_text + " is not",
                  "update '" + consumer->id + "' first, or disable it")
          .with("plugin", next.id)
          .with("needed_by", consumer->id);
    }
  }
}

// Everybody who will be enabled then has what it needs.
void Installer::require_satisfied(const Undertaking& all) const {
  for (const Step& one : all.steps) require_content(one.next.descriptor, all);
  const auto require_needs = [&](const plugin::Descriptor& plugin) {
    Dependencies found = look_at_dependencies(plugin, parts_.registry, parts_.stage.lacking_packages(plugin));
    for (Dependency& one : found.all) {
      const plugin::Descriptor* coming = one.requirement.type == Requirement::Type::plugin ? all.find(one.requirement.name) : nullptr;
      if (coming != nullptr) count_what_comes(one, *coming);
    }
    if (found.unresolved() != 0) throw unresolved(plugin.id, found);
  };
  for (const Incoming& one : all.installs) {
    if (one.enabled) require_needs(one.descriptor);
  }
  for (const Step& one : all.steps) {
    if (one.row.enabled) require_needs(one.next.descriptor);
  }
}

bool Installer::works(const InstallRow& row) const { return row.enabled && parts_.registry.find(row.name) != nullptr; }

void Installer::carry_out(const Undertaking& all, const Order& order) {
  std::vector<std::string> put;
  bool committed = false;
  const auto commit_all = [&] {
    commit(all, order);
    committed = true;
  };
  try {
    for (const Incoming& one : all.installs) {
      parts_.stage.put(one.descriptor);
      put.push_back(one.descriptor.id);
      if (!one.enabled) withhold(one.descriptor.id);
    }
    std::vector<plugin::Descriptor> working;
    for (const Step& one : all.steps) {
      if (works(one.row)) working.push_back(one.next.descriptor);
    }
    working.empty() ? commit_all() : parts_.stage.exchange(std::move(working), commit_all);
    for (const Step& one : all.steps) {
      if (!works(one.row)) put_at_rest(one);
    }
  } catch (...) {
    for (const std::string& plugin : put) parts_.stage.take(plugin);
    if (committed) take_back(all);
    throw;
  }
}

// The one transaction that makes it true.
void Installer::commit(const Undertaking& all, const Order& order) {
  std::vector<store::PackageRow> packages;
  std::vector<InstallRow> installs;
  std::vector<store::PackageEvent> events;
  for (const Incoming& one : all.installs) {
    const Time time = now();
    packages.push_back(one.row);
    installs.push_back({one.row.name, make_uuid(), one.row.version, one.enabled, 1, time, time, 0, {}});
    events.push_back(event_of(order, one.row.name, "install", "", one.row.version));
  }
  const std::size_t first_step = events.size();
  for (const Step& one : all.steps) {
    packages.push_back(one.next.row);
    events.push_back(event_of(order, one.row.name, one.direction == Direction::update ? "update" : "rollback", one.row.version, one.next.row.version));
    events.back().details = json_of(one.change.to_value());
  }
  write([packages, installs, events, first_step](PackageStore& store) {
    for (const store::PackageRow& package : packages) (void)store.add(package);
    for (const InstallRow& row : installs) store.install(row);
    for (std::size_t i = first_step; i < events.size(); ++i) store.set_version(events[i].name, events[i].to, events[i].time);
    for (const store::PackageEvent& event : events) store.record(event);
  });
}

void Installer::take_back(const Undertaking& all) {
  std::vector<std::string> installs;
  std::vector<InstallRow> rows;
  for (const Incoming& one : all.installs) installs.push_back(one.row.name);
  for (const Step& one : all.steps) rows.push_back(one.row);
  write([installs, rows](PackageStore& store) {
    for (const std::string& plugin : installs) store.uninstall(plugin);
    for (const InstallRow& row : rows) store.set_version(row.name, row.version, now());
  });
}

// Of a plugin that nobody can use: no call is to be kept.
void Installer::put_at_rest(const Step& step) {
  (void)parts_.registry.remove(step.row.name);
  try {
    parts_.stage.put(step.next.descriptor);
  } catch (const Error& error) {
    parts_.registry.withhold(step.row.name, error);
    throw;
  }
  if (!step.row.enabled) withhold(step.row.name);
}

Report Installer::done(const Incoming& install, const Order& order) {
  Report told = report("install", get(install.row.name).row, install.descriptor);
  told.scan = install.scan;
  told.signature = install.signature;
  parts_.log.info("a plugin was installed", {{"plugin", told.plugin}, {"version", told.version}, {"source", install.row.source}, {"by", order.who}});
  return told;
}

Report Installer::done(const Step& step, const Order& order) {
  Report told = report(step.direction == Direction::update ? "update" : "rollback", get(step.row.name).row, step.next.descriptor);
  told.from = step.row.version;
  told.scan = step.next.scan;
  told.signature = step.next.signature;
  told.change = step.change;
  if (step.change.breaking && step.direction == Direction::update) {
    told.warnings.push_back("Major version change " + told.from + " -> " + told.version + ": this update may contain breaking changes");
  }
  parts_.log.info("a plugin was switched", {{"plugin", told.plugin}, {"action", told.action}, {"from", told.from}, {"to", told.version}, {"by", order.who}});
  return told;
}

}  // namespace mortise::package
