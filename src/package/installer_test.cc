#include "package/installer.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/error.h"
#include "os/file.h"
#include "package/readers.h"
#include "plugin/manifest.h"
#include "store/database.h"

using namespace mortise;
namespace fs = std::filesystem;
using package::Order;

namespace {

struct Scratch {
  fs::path path = os::make_temporary_directory("/tmp/mortise-installer-");
  ~Scratch() {
    for (const auto& entry : fs::recursive_directory_iterator(path)) fs::permissions(entry.path(), fs::perms::owner_all, fs::perm_options::add);
    fs::remove_all(path);
  }
};

// Finds nothing wrong.
class Content final : public package::Readers {
 public:
  Value ask(std::string_view, std::string_view, const Value&) override {
    return Value::map({{"verdict", "safe"}, {"issues", Value::list()}, {"warnings", Value::list()}});
  }
};

// Plugins are where the registry says; what is exchanged is written down.
class Paper final : public package::Stage {
 public:
  explicit Paper(plugin::Registry& registry) : registry_(registry) {}
  plugin::Descriptor describe(const std::string& folder, const std::string&) override { return plugin::read_manifest(folder); }
  void put(plugin::Descriptor plugin) override { (void)registry_.add(std::move(plugin)); }
  void exchange(std::vector<plugin::Descriptor> next, const std::function<void()>& commit) override {
    std::string together;
    std::vector<plugin::Registry::Entry> entries;
    for (plugin::Descriptor& one : next) {
      together += (together.empty() ? "" : " + ") + one.id + " " + one.version_text;
      entries.push_back(registry_.prepare(std::move(one)));
    }
    if (fails == Fails::before) throw Error(Code::plugin, "no start");
    commit();
    if (fails == Fails::after) throw Error(Code::conflict, "too late");
    registry_.replace(entries);
    exchanged.push_back(together);
  }
  void take(const std::string& name) override { (void)registry_.remove(name); }
  void retire(const std::string&) override {}
  bool in_use(const std::string&) const override { return false; }
  std::map<std::string, std::string> lacking_packages(const plugin::Descriptor&) override { return {}; }

  enum class Fails { never, before, after };
  Fails fails = Fails::never;
  std::vector<std::string> exchanged;

 private:
  plugin::Registry& registry_;
};

struct House {
  Scratch scratch;
  store::Database database{(scratch.path / "db").string()};
  package::Depot depot{database, scratch.path / "packages"};
  plugin::Registry registry;
  Content readers;
  Paper stage{registry};
  package::Installer installer{{database, depot, readers, stage, registry, Log::null()}, {}};

  // A package as a folder on the disk.
  package::Parcel parcel(const std::string& name, const std::string& version, const std::string& needs = "") {
    const fs::path folder = scratch.path / "parcels" / (name + "-" + version);
    fs::create_directories(folder);
    std::ofstream(folder / "x.py") << "# " << name << " " << version << "\n";
    std::ofstream(folder / "manifest.json") << R"({"name": ")" << name << R"(", "version": ")" << version
                                            << R"(", "author": "a", "description": "d", "language": "python", "entry_point": "x.py",)"
                                            << R"("extension_points": ["callback"], "requires": [)" << needs << "]}";
    return package::Parcel::from_path(folder.string());
  }
  std::string standing() const {
    std::string all;
    for (const package::Listed& one : installer.list()) all += one.row.name + " " + one.row.version + (one.row.enabled ? "" : " off") + "; ";
    return all;
  }
  // base 1 and user 1, which needs it; base 2 and user 2, which needs that, are kept.
  void fill() {
    (void)installer.install(parcel("base", "1.0.0"), enabled());
    (void)installer.install(parcel("user", "1.0.0", R"("base ^1.0")"), enabled());
    (void)installer.keep("base", parcel("base", "2.0.0"), enabled());
    (void)installer.keep("user", parcel("user", "2.0.0", R"("base ^2.0")"), enabled());
  }
  static Order enabled() {
    Order order;
    order.who = "test";
    order.use = Order::Use::enabled;
    return order;
  }
};

std::string what_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("an update takes along what it needs, in one exchange and one commit; a rollback takes it back") {
  House house;
  house.fill();
  const package::Report done = house.installer.update("user", std::string("2.0.0"), House::enabled());
  CHECK(done.along == std::vector<std::string>{"base 2.0.0"});
  CHECK(house.stage.exchanged == std::vector<std::string>{"base 2.0.0 + user 2.0.0"});
  CHECK(house.standing() == "base 2.0.0; user 2.0.0; ");
  (void)house.installer.rollback("user", std::nullopt, House::enabled());
  CHECK(house.stage.exchanged.back() == "base 1.0.0 + user 1.0.0");
  CHECK(house.standing() == "base 1.0.0; user 1.0.0; ");
}

TEST_CASE("whenever an exchange fails, before the commit or after it, all stand as they stood") {
  for (const auto fails : {Paper::Fails::before, Paper::Fails::after}) {
    House house;
    house.fill();
    house.stage.fails = fails;
    CHECK(!what_of([&] { (void)house.installer.update("user", std::string("2.0.0"), House::enabled()); }).empty());
    CHECK(house.standing() == "base 1.0.0; user 1.0.0; ");
    CHECK(house.registry.get("base")->version_text == "1.0.0");
    CHECK(house.installer.verify().empty());
  }
}

TEST_CASE("those that need a plugin are not taken along, and are named") {
  House house;
  house.fill();
  const std::string why = what_of([&] { (void)house.installer.update("base", std::string("2.0.0"), House::enabled()); });
  CHECK(why == "plugin 'user' 1.0.0 needs base ^1.0, which 2.0.0 is not");
  CHECK(house.standing() == "base 1.0.0; user 1.0.0; ");
}

TEST_CASE("a plugin under another name is a plugin of its own, whose updates are those of its package") {
  House house;
  (void)house.installer.install(house.parcel("base", "1.0.0"), House::enabled());
  Order order = House::enabled();
  order.as = "other";
  (void)house.installer.install(house.parcel("base", "2.0.0"), order);
  CHECK(house.standing() == "base 1.0.0; other 2.0.0; ");
  CHECK(house.installer.get("other").package() == "base");
  CHECK(what_of([&] { (void)house.installer.update("other", house.parcel("else", "3.0.0"), order); }) == "the package is 'else', not 'base'");
  (void)house.installer.update("other", house.parcel("base", "3.0.0"), House::enabled());
  CHECK(house.registry.get("other")->version_text == "3.0.0");
  CHECK(house.standing() == "base 1.0.0; other 3.0.0; ");
}

TEST_CASE("a lock names what others need first, and brings all of it over in one exchange") {
  House house;
  house.fill();
  const Value old = house.installer.lock();
  CHECK(old.at("plugins").items()[0].at("name").as_string() == "base");
  (void)house.installer.update("user", std::string("2.0.0"), House::enabled());
  const auto done = house.installer.install_locked(old, House::enabled());
  CHECK(done.size() == 2);
  CHECK(house.stage.exchanged.back() == "base 1.0.0 + user 1.0.0");
  CHECK(house.installer.install_locked(old, House::enabled()).empty());
}

TEST_CASE("a lock of a digest that is not there changes nothing") {
  House house;
  house.fill();
  Value lock = house.installer.lock();
  Value entry = lock.at("plugins").items()[1];
  entry.set("sha256", std::string(64, '0'));
  const Value changed = Value::map({{"mortise_lock", 1}, {"plugins", Value::list({lock.at("plugins").items()[0], entry})}});
  CHECK(what_of([&] { (void)house.installer.install_locked(changed, House::enabled()); }) == "'user' 1.0.0 has other content than the lock says");
  CHECK(what_of([&] { (void)house.installer.install_locked(Value::map({{"mortise_lock", 2}}), House::enabled()); }) == "the lock is not one of form 1");
  CHECK(what_of([&] { (void)house.installer.install_locked(Value::map({{"mortise_lock", 1}, {"plugins", Value::list({Value::map()})}}), House::enabled()); }) ==
        "the lock has an entry without name");
  CHECK(house.stage.exchanged.empty());
}

TEST_CASE("a start reads no file but manifests: what another size shows is told at once, the rest by whoever loads it") {
  House house;
  (void)house.installer.install(house.parcel("base", "1.0.0"), House::enabled());
  const fs::path file = house.depot.folder_of(*house.installer.get("base").present()) / "x.py";
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
  const auto begin = [&] {
    plugin::Registry registry;
    Paper stage(registry);
    package::Depot depot(house.database, house.scratch.path / "packages");
    package::Installer installer({house.database, depot, house.readers, stage, registry, Log::null()}, {});
    installer.begin();
    const bool there = registry.find("base") != nullptr;
    return std::pair(there, there ? what_of([&] { depot.require_unchanged(file.parent_path()); }) : std::string());
  };
  std::ofstream(file) << "# evil 1.0.0\n";
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::remove);
  const auto [there, why] = begin();
  CHECK(there);
  CHECK(why == "the files of 'base' 1.0.0 are not those that were installed: changed: x.py");
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
  std::ofstream(file) << "# longer than it was\n";
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::remove);
  CHECK_FALSE(begin().first);
}
