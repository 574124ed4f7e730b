#include "package/depot.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/error.h"
#include "os/file.h"
#include "store/database.h"

using namespace mortise;
namespace fs = std::filesystem;
using package::Contents;
using package::Depot;

namespace {

struct Folder {
  fs::path path = os::make_temporary_directory("/tmp/mortise-depot-");
  ~Folder() {
    for (const auto& entry : fs::recursive_directory_iterator(path)) fs::permissions(entry.path(), fs::perms::owner_all, fs::perm_options::add);
    fs::remove_all(path);
  }
};

Contents contents(const char* text) {
  return Contents::from_value(Value::list({Value::map({{"path", "manifest.json"}, {"bytes", Value::bytes("{}")}}),
                                           Value::map({{"path", "lib/run.sh"}, {"bytes", Value::bytes(text)}, {"executable", true}})}));
}

}  // namespace

TEST_CASE("a kept version is there as it came, read-only, and again after a restart") {
  Folder folder;
  store::PackageRow row;
  {
    store::Database database((folder.path / "db").string());
    Depot depot(database, folder.path / "packages");
    row = depot.keep(contents("one"), {"thing", "1.0.0", "upload", "", ""});
    depot.require_whole(row);
  }
  store::Database database((folder.path / "db").string());
  Depot depot(database, folder.path / "packages");
  const store::PackageRow again = depot.get("thing", "1.0.0");
  CHECK(again.digest == row.digest);
  const fs::path script = depot.folder_of(again) / "lib/run.sh";
  CHECK((fs::status(script).permissions() & fs::perms::all) == (fs::perms::owner_read | fs::perms::owner_exec | fs::perms::group_read |
                                                                fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec));
  CHECK_THROWS_WITH_AS((void)depot.get("thing", "2.0.0"), "Target version 2.0.0 not found", Error);
}

TEST_CASE("a version is never replaced by other content") {
  Folder folder;
  store::Database database((folder.path / "db").string());
  Depot depot(database, folder.path / "packages");
  (void)depot.keep(contents("one"), {"thing", "1.0.0", "upload", "", ""});
  (void)depot.keep(contents("one"), {"thing", "1.0.0", "upload", "", ""});  // the same is fine
  CHECK_THROWS_AS((void)depot.keep(contents("two"), {"thing", "1.0.0", "upload", "", ""}), Error);
  CHECK(depot.collect_garbage().folders == 0);  // what was written before the row was refused is gone already
  CHECK(depot.verify().empty());
}

TEST_CASE("files that were changed on the disk are named") {
  Folder folder;
  store::Database database((folder.path / "db").string());
  Depot depot(database, folder.path / "packages");
  const auto row = depot.keep(contents("one"), {"thing", "1.0.0", "upload", "", ""});
  const fs::path script = depot.folder_of(row) / "lib/run.sh";
  fs::permissions(script, fs::perms::owner_all, fs::perm_options::add);
  std::ofstream(script) << "evil";
  try {
    depot.require_whole(row);
    FAIL("taken for whole");
  } catch (const Error& error) {
    CHECK(error.code() == Code::denied);
    CHECK(std::string(error.what()).find("changed: lib/run.sh") != std::string::npos);
  }
  REQUIRE(depot.verify().size() == 1);
  CHECK(depot.verify()[0].name == "thing");
}

TEST_CASE("a folder is looked at again before each load, whatever its times say") {
  Folder folder;
  store::Database database((folder.path / "db").string());
  Depot depot(database, folder.path / "packages");
  const auto row = depot.keep(contents("one"), {"thing", "1.0.0", "upload", "", ""});
  const fs::path home = depot.folder_of(row), script = home / "lib/run.sh";
  depot.require_unchanged(home);
  depot.require_unchanged(folder.path);  // none of its own
  const auto time = fs::last_write_time(script);
  fs::permissions(script, fs::perms::owner_all, fs::perm_options::add);
  std::ofstream(script) << "two";  // as long as before
  fs::last_write_time(script, time);
  CHECK_THROWS_AS(depot.require_unchanged(home), Error);
}

TEST_CASE("files that are placed are swept unless their row is written") {
  Folder folder;
  store::Database database((folder.path / "db").string());
  Depot depot(database, folder.path / "packages");
  fs::path home;
  {
    const Depot::Placed placed = depot.place(contents("one"), {"thing", "1.0.0", "upload", "", ""});
    home = depot.folder_of(placed.row());
    CHECK(depot.collect_garbage().folders == 0);  // it has no row yet, and is no garbage
    CHECK(fs::exists(home));
  }
  CHECK_FALSE(fs::exists(home));
}

TEST_CASE("what an earlier process left unfinished goes, and what nobody names is collected") {
  Folder folder;
  store::Database database((folder.path / "db").string());
  fs::create_directories(folder.path / "packages/.making-abc/lib");
  Depot depot(database, folder.path / "packages");
  CHECK_FALSE(fs::exists(folder.path / "packages/.making-abc"));
  const auto row = depot.keep(contents("one"), {"thing", "1.0.0", "upload", "", ""});
  fs::create_directories(folder.path / "packages/0123");
  std::ofstream(folder.path / "packages/0123/x") << "12345";
  const auto garbage = depot.collect_garbage();
  CHECK(garbage.folders == 1);
  CHECK(garbage.bytes == 5);
  depot.require_whole(row);
}
