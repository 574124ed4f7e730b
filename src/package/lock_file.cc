// The lock: which plugins in which version with which content, so that another host can be made the same.
#include <algorithm>

#include "base/error.h"
#include "package/installer.h"
#include "package/installer_words.h"
#include "store/connection.h"
#include "store/database.h"

namespace mortise::package {

struct LockEntry {
  std::string plugin, package, digest;
  Version version;
  bool enabled = true;
};

namespace {

constexpr std::int64_t form = 1;

Error broken(const std::string& what) {
  return Error(Code::invalid, "the lock " + what, "write one with `mortise plugin lock --output mortise.lock`").with("key", "plugins");
}

std::string text_at(const Value& entry, const char* key) {
  const Value* text = entry.find(key);
  if (text != nullptr && text->is(Kind::string) && text->size() != 0) return std::string(text->as_string());
  throw broken(std::string("has an entry without ") + key);
}

std::vector<LockEntry> entries_of(const Value& lock) {
  const Value* number = lock.find("mortise_lock");
  if (number == nullptr || !number->is(Kind::int64) || number->as_int64() != form) throw broken("is not one of form " + std::to_string(form));
  const Value* plugins = lock.find("plugins");
  if (plugins == nullptr || !plugins->is(Kind::list)) throw broken("has no list of plugins");
  std::vector<LockEntry> all;
  for (const Value& each : plugins->items()) {
    const Value* enabled = each.find("enabled");
    const std::string name = text_at(each, "name");
    all.push_back({name, each.has("package") ? text_at(each, "package") : name, text_at(each, "sha256"), Version::parse(text_at(each, "version")),
                   enabled == nullptr || !enabled->is(Kind::boolean) || enabled->as_bool()});
  }
  return all;
}

void require_digest(const LockEntry& wanted, const std::string& digest) {
  if (digest == wanted.digest) return;
  throw Error(Code::denied, "'" + wanted.plugin + "' " + wanted.version.text() + " has other content than the lock says", "sha256 " + digest + ", locked is " + wanted.digest)
      .with("plugin", wanted.plugin);
}

// Whether one of `others` must stand in a lock before it.
bool waits(const Listed& one, const std::vector<Need>& needs, const std::vector<Listed>& others) {
  return std::any_of(needs.begin(), needs.end(), [&](const Need& need) {
    return std::any_of(others.begin(), others.end(), [&](const Listed& other) { return other.row.name == need.package && other.row.name != one.row.name; });
  });
}

Value lock_entry(const Listed& one, const store::PackageRow& package) {
  return Value::map({{"name", package.name},
                     {"package", package.package},
                     {"version", package.version},
                     {"sha256", package.digest},
                     {"source", package.source},
                     {"enabled", one.row.enabled}});
}

}  // namespace

// What others need goes first; a circle, which nobody can have enabled, ends in the order of names.
Value Installer::lock() const {
  Value plugins = Value::list();
  std::vector<Listed> left = list();
  while (!left.empty()) {
    auto next = std::find_if(left.begin(), left.end(), [&](const Listed& one) { return !waits(one, needs_of(present(one.row)), left); });
    if (next == left.end()) next = left.begin();
    if (const store::PackageRow* package = next->present()) plugins.push_back(lock_entry(*next, *package));
    left.erase(next);
  }
  return Value::map({{"mortise_lock", form}, {"plugins", plugins}});
}

std::vector<Report> Installer::install_locked(const Value& lock, const Order& order) {
  const std::vector<LockEntry> entries = entries_of(lock);
  Order own = order;
  if (own.reason.empty()) own.reason = "as locked";
  std::vector<Report> done = stand_as_locked(entries, own);
  for (auto one = entries.rbegin(); one != entries.rend(); ++one) {  // whoever needs others is the last to come and the first to go
    if (one->enabled) continue;
    if (auto report = use_as_locked(*one, own)) done.push_back(*std::move(report));
  }
  for (const LockEntry& one : entries) {
    if (!one.enabled) continue;
    if (auto report = use_as_locked(one, own)) done.push_back(*std::move(report));
  }
  return done;
}

// All go over at one instant: in between, none would fit the others.
std::vector<Report> Installer::stand_as_locked(const std::vector<LockEntry>& entries, const Order& order) {
  const std::lock_guard lock(changing_);
  Undertaking all;
  for (const LockEntry& one : entries) add_locked(all, one, order);
  require_satisfied(all);
  carry_out(all, order);
  std::vector<Report> reports;
  for (const Incoming& one : all.installs) reports.push_back(done(one, order));
  for (const Step& one : all.steps) reports.push_back(done(one, order));
  return reports;
}

void Installer::add_locked(Undertaking& all, const LockEntry& wanted, const Order& order) {
  const auto there = find(wanted.plugin);
  const store::PackageRow* kept = there ? there->find(wanted.version) : nullptr;
  if (kept != nullptr) require_digest(wanted, kept->digest);
  if (there && Version::parse(there->row.version) == wanted.version) return;
  const auto arrived = [&] {
    if (kept != nullptr) return bring(signed_well(*kept));
    const Opened package = fetch(there ? source_of(wanted.plugin, order) : Source{wanted.package, source_of(wanted.package, order).suppliers}, wanted.version, order);
    require_digest(wanted, package.contents.digest());
    return bring(package, wanted.plugin);
  };
  Incoming next = arrived();
  if (there) {
    const bool back = wanted.version < Version::parse(there->row.version);
    all.steps.push_back(step(there->row, std::move(next), order, back ? Direction::rollback : Direction::update));
    return;
  }
  require_free(next.descriptor);
  next.enabled = wanted.enabled;
  all.installs.push_back(std::move(next));
}

// Nothing where it is so already.
std::optional<Report> Installer::use_as_locked(const LockEntry& wanted, const Order& order) {
  if (get(wanted.plugin).row.enabled == wanted.enabled) return std::nullopt;
  return wanted.enabled ? enable(wanted.plugin, order) : disable(wanted.plugin, order);
}

}  // namespace mortise::package
