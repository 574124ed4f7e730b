#include "store/packages.h"

#include "base/error.h"
#include "store/connection.h"

namespace mortise::store {
namespace {

PackageRow package_of(const Statement& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6), row.text(7),
          static_cast<std::uint64_t>(row.int64(8)), Time{row.int64(9)}};
}

InstallRow install_of(const Statement& row) {
  return {row.text(0),          row.text(1),          row.text(2),  row.int64(3) != 0, row.int64(4),
          Time{row.int64(5)}, Time{row.int64(6)}, row.int64(7), row.optional_time(8)};
}

template <typename Row, typename Read>
std::vector<Row> all_of(Statement rows, const Read& read) {
  std::vector<Row> all;
  while (rows.step()) all.push_back(read(rows));
  return all;
}

}  // namespace

bool PackageStore::add(const PackageRow& package) {
  if (const auto there = find(package.name, package.version)) {
    if (there->digest == package.digest) return false;
    throw Error(Code::conflict, "version " + package.version + " of '" + package.name + "' is stored already, with other content",
                "a published version never changes: raise the version in manifest.json")
        .with("plugin", package.name);
  }
  connection_.run(
      "INSERT INTO packages (name, version, digest, package, listing, source, signer, scan, bytes, stored)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      package.name, package.version, package.digest, package.package, package.listing, package.source, package.signer, package.scan, package.bytes,
      package.stored);
  return true;
}

void PackageStore::remove(const std::string& name, const std::string& version) {
  connection_.run("DELETE FROM packages WHERE name = ?1 AND version = ?2", name, version);
}

std::optional<PackageRow> PackageStore::find(const std::string& name, const std::string& version) {
  Statement row = connection_.query(
      "SELECT name, version, digest, package, listing, source, signer, scan, bytes, stored FROM packages WHERE name = ?1 AND version = ?2", name,
      version);
  if (!row.step()) return std::nullopt;
  return package_of(row);
}

std::vector<PackageRow> PackageStore::versions(const std::string& name) {
  return all_of<PackageRow>(
      connection_.query("SELECT name, version, digest, package, listing, source, signer, scan, bytes, stored FROM packages WHERE name = ?1"
                        " ORDER BY stored, version",
                        name),
      package_of);
}

std::vector<PackageRow> PackageStore::all() {
  return all_of<PackageRow>(connection_.query("SELECT name, version, digest, package, listing, source, signer, scan, bytes, stored FROM packages"
                                              " ORDER BY name, stored, version"),
                            package_of);
}

std::vector<std::string> PackageStore::digests() {
  return all_of<std::string>(connection_.query("SELECT DISTINCT digest FROM packages ORDER BY digest"),
                             [](const Statement& row) { return row.text(0); });
}

std::optional<PackageRow> PackageStore::with_digest(const std::string& digest) {
  Statement row = connection_.query(
      "SELECT name, version, digest, package, listing, source, signer, scan, bytes, stored FROM packages WHERE digest = ?1 LIMIT 1", digest);
  if (!row.step()) return std::nullopt;
  return package_of(row);
}

void PackageStore::install(const InstallRow& row) {
  if (installed(row.name)) {
    throw Error(Code::conflict, "Plugin '" + row.name + "' already installed. Use update instead.", "mortise plugin update " + row.name)
        .with("plugin", row.name);
  }
  connection_.run(
      "INSERT INTO installs (name, id, version, enabled, generation, installed, changed, uses) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      row.name, row.id, row.version, std::int64_t{row.enabled}, row.generation, row.installed, row.changed, row.uses);
}

void PackageStore::set_version(const std::string& name, const std::string& version, Time when) {
  connection_.run("UPDATE installs SET version = ?2, generation = generation + 1, changed = ?3 WHERE name = ?1", name, version, when);
}

void PackageStore::set_enabled(const std::string& name, bool enabled, Time when) {
  connection_.run("UPDATE installs SET enabled = ?2, changed = ?3 WHERE name = ?1", name, std::int64_t{enabled}, when);
}

void PackageStore::uninstall(const std::string& name) {
  connection_.run("DELETE FROM installs WHERE name = ?1", name);
  connection_.run("DELETE FROM packages WHERE name = ?1", name);
}

void PackageStore::count_use(const std::string& name, Time when) {
  connection_.run("UPDATE installs SET uses = uses + 1, used = ?2 WHERE name = ?1", name, when);
}

std::optional<InstallRow> PackageStore::installed(const std::string& name_or_id) {
  Statement row = connection_.query(
      "SELECT name, id, version, enabled, generation, installed, changed, uses, used FROM installs WHERE name = ?1 OR id = ?1", name_or_id);
  if (!row.step()) return std::nullopt;
  return install_of(row);
}

std::vector<InstallRow> PackageStore::installed() {
  return all_of<InstallRow>(
      connection_.query("SELECT name, id, version, enabled, generation, installed, changed, uses, used FROM installs ORDER BY name"),
      install_of);
}

void PackageStore::record(const PackageEvent& event) {
  connection_.run(
      "INSERT INTO package_events (number, name, action, from_version, to_version, reason, who, time, details)"
      " SELECT COALESCE(MAX(number), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM package_events",
      event.name, event.action, event.from, event.to, event.reason, event.who, event.time, event.details);
  if (event.action != "refuse") return;
  connection_.run(
      "DELETE FROM package_events WHERE action = 'refuse' AND number NOT IN"
      " (SELECT number FROM package_events WHERE action = 'refuse' ORDER BY number DESC LIMIT 200)");
}

std::vector<PackageEvent> PackageStore::history(const std::string& name) {
  return all_of<PackageEvent>(
      connection_.query("SELECT number, name, action, from_version, to_version, reason, who, time, details FROM package_events"
                        " WHERE name = ?1 OR ?1 = '' ORDER BY number DESC LIMIT 1000",
                        name),
      [](const Statement& row) {
        return PackageEvent{row.int64(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6), Time{row.int64(7)}, row.text(8)};
      });
}

void PackageStore::switch_off(const std::string& name, Time when) {
  switch_on(name);
  connection_.run("INSERT INTO plugins_off (name, since) VALUES (?1, ?2)", name, when);
}

void PackageStore::switch_on(const std::string& name) { connection_.run("DELETE FROM plugins_off WHERE name = ?1", name); }

std::vector<std::string> PackageStore::switched_off() {
  return all_of<std::string>(connection_.query("SELECT name FROM plugins_off ORDER BY name"), [](const Statement& row) { return row.text(0); });
}

}  // namespace mortise::store
