// The lock: which plugins in which version with which content, so that another host can be made the same.
#include "base/error.h"
#include "package/installer.h"
#include "package/installer_words.h"
#include "store/connection.h"
#include "store/database.h"

namespace mortise::package {
namespace {

constexpr std::int64_t form = 1;

struct Entry {
  std::string plugin, digest;
  Version version;
  bool enabled = true;
};

Error broken(const std::string& what) {
  return Error(Code::invalid, "the lock " + what, "write one with `mortise plugin lock --output mortise.lock`").with("key", "plugins");
}

std::string text_at(const Value& entry, const char* key) {
  const Value* text = entry.find(key);
  if (text != nullptr && text->is(Kind::string) && text->size() != 0) return std::string(text->as_string());
  throw broken(std::string("has an entry without ") + key);
}

std::vector<Entry> entries_of(const Value& lock) {
  const Value* number = lock.find("mortise_lock");
  if (number == nullptr || !number->is(Kind::int64) || number->as_int64() != form) throw broken("is not one of form " + std::to_string(form));
  const Value* plugins = lock.find("plugins");
  if (plugins == nullptr || !plugins->is(Kind::list)) throw broken("has no list of plugins");
  std::vector<Entry> all;
  for (const Value& each : plugins->items()) {
    const Value* enabled = each.find("enabled");
    all.push_back({text_at(each, "name"), text_at(each, "sha256"), Version::parse(text_at(each, "version")),
                   enabled == nullptr || !enabled->is(Kind::boolean) || enabled->as_bool()});
  }
  return all;
}

// The content that a lock names, or nothing else.
class Exactly final : public Supplier {
 public:
  Exactly(const std::vector<Supplier*>& others) : others_(others) {}
  std::vector<Candidate> candidates(const std::string& plugin) override {
    std::vector<Candidate> all;
    for (Supplier* other : others_) {
      for (Candidate& one : other->candidates(plugin)) all.push_back(std::move(one));
    }
    return all;
  }
  Parcel fetch(const std::string& plugin, const Version& version) override {
    for (Supplier* other : others_) {
      for (const Candidate& one : other->candidates(plugin)) {
        if (one.version == version) return other->fetch(plugin, version);
      }
    }
    throw Error(Code::not_found, "nobody has '" + plugin + "' " + version.text(), "name a folder that has it with --from, or add a marketplace that has it").with("plugin", plugin);
  }

 private:
  const std::vector<Supplier*>& others_;
};

void require_digest(const Entry& wanted, const std::string& digest) {
  if (digest == wanted.digest) return;
  throw Error(Code::denied, "'" + wanted.plugin + "' " + wanted.version.text() + " has other content than the lock says", "sha256 " + digest + ", locked is " + wanted.digest)
      .with("plugin", wanted.plugin);
}

}  // namespace

Value Installer::lock() const {
  Value plugins = Value::list();
  std::vector<Listed> left = list();
  std::vector<std::string> done;
  // What others need goes first; a circle, which nobody can have enabled, ends in the order of names.
  while (!left.empty()) {
    auto next = left.begin();
    for (auto at = left.begin(); at != left.end(); ++at) {
      bool free = true;
      for (const Need& need : needs_of(present(at->row))) {
        for (const Listed& other : left) free = free && (other.row.name != need.package || &other == &*at);
      }
      if (!free) continue;
      next = at;
      break;
    }
    for (const store::PackageRow& package : next->versions) {
      if (package.version != next->row.version) continue;
      plugins.push_back(Value::map({{"name", package.name},
                                    {"version", package.version},
                                    {"sha256", package.digest},
                                    {"source", package.source},
                                    {"enabled", next->row.enabled}}));
    }
    left.erase(next);
  }
  return Value::map({{"mortise_lock", form}, {"plugins", plugins}});
}

std::vector<Report> Installer::install_locked(const Value& lock, const Order& order) {
  std::vector<Report> done;
  const std::vector<Supplier*> all = suppliers(order);
  Exactly exactly(all);
  for (const Entry& wanted : entries_of(lock)) {
    Order own = order;
    own.use = wanted.enabled ? Order::Use::enabled : Order::Use::disabled;
    own.reason = order.reason.empty() ? "as locked" : order.reason;
    const auto there = find(wanted.plugin);
    const store::PackageRow* kept = nullptr;
    if (there) {
      for (const store::PackageRow& package : there->versions) {
        if (Version::parse(package.version) == wanted.version) kept = &package;
      }
    }
    if (kept != nullptr) require_digest(wanted, kept->digest);
    if (there && Version::parse(there->row.version) == wanted.version) {
      if (there->row.enabled != wanted.enabled) done.push_back(wanted.enabled ? enable(wanted.plugin, own) : disable(wanted.plugin, own));
      continue;
    }
    if (kept != nullptr) {
      const bool back = wanted.version < Version::parse(there->row.version);
      done.push_back(back ? rollback(wanted.plugin, wanted.version.text(), own) : update(wanted.plugin, wanted.version.text(), own));
      continue;
    }
    const Parcel parcel = exactly.fetch(wanted.plugin, wanted.version);
    require_digest(wanted, open(parts_.workshop, parcel, policy()).contents.digest());
    own.suppliers = {};  // all that it needs is in the lock, before it
    own.reach = Order::Reach::own;
    if (!there) {
      done.push_back(install(parcel, own));
    } else if (wanted.version < Version::parse(there->row.version)) {
      (void)keep(wanted.plugin, parcel, own);
      done.push_back(rollback(wanted.plugin, wanted.version.text(), own));
    } else {
      done.push_back(update(wanted.plugin, parcel, own));
    }
  }
  return done;
}

}  // namespace mortise::package
