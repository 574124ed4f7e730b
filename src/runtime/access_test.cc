#include "runtime/access.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

using namespace mortise;
using namespace mortise::runtime;
namespace fs = std::filesystem;

namespace {

struct Place {
  Place() {
    std::string pattern = (fs::temp_directory_path() / "mortise-access-XXXXXX").string();
    root = fs::canonical(::mkdtemp(pattern.data()));
    fs::create_directories(root / ".mortise/files");
    touch(".mortise/key");
    touch(".mortise/files/up.csv");
    touch("in.csv");
    folders = {(root / ".mortise").string(), (root / ".mortise/files").string(), (root / ".mortise/own").string(), {}};
    descriptor.id = "x";
  }
  ~Place() { fs::remove_all(root); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  void touch(const std::string& name) const { std::ofstream(root / name) << "1"; }
  [[nodiscard]] std::string at(const std::string& name) const { return (root / name).string(); }
  [[nodiscard]] Access access(const Wanted& wanted) const { return access_of(descriptor, allowed, wanted, folders); }
  void allow(const char* permission) { allowed.permissions.push_back(plugin::Permission::parse(permission)); }

  fs::path root;
  HostFolders folders;
  plugin::Descriptor descriptor;
  plugin::Allowed allowed;
};

Wanted reading(const std::string& path) { return {{{{path, false}}, {}, {}}, {}, Wanted::Folders::as_they_are}; }
Wanted writing(const std::string& path) { return {{{{path, true}}, {}, {}}, {}, Wanted::Folders::made}; }
Wanted mentioning(const std::string& path) { return {{{}, {path}, {}}, {}, Wanted::Folders::made}; }

}  // namespace

TEST_CASE("a file that a step reads is seen alone; of one that it writes, the folder, which is made") {
  const Place place;
  const Access read = place.access(reading(place.at("in.csv")));
  REQUIRE(read.files.size() == 1);
  CHECK(read.files[0].path == place.at("in.csv"));
  CHECK_FALSE(read.files[0].write);
  CHECK(read.files[0].inode != 0);
  const Access write = place.access(writing(place.at("out/deep/result.json")));
  REQUIRE(write.files.size() == 1);
  CHECK(write.files[0].path == place.at("out/deep"));
  CHECK(write.files[0].write);
  CHECK(fs::is_directory(place.at("out/deep")));
}

TEST_CASE("a call that only checks makes no folder") {
  const Place place;
  Wanted wanted = writing(place.at("out/result.json"));
  wanted.folders = Wanted::Folders::as_they_are;
  CHECK(place.access(wanted).files.at(0).inode == 0);
  CHECK_FALSE(fs::exists(place.at("out")));
}

TEST_CASE("of a pattern the folder is seen in which it begins") {
  CHECK(before_pattern("/data/2024-*.csv") == "/data");
  CHECK(before_pattern("/data/*/x.csv") == "/data");
  CHECK(before_pattern("/data/y[ab]/x.csv") == "/data");
  CHECK(before_pattern("/*.csv") == "/");
  CHECK(before_pattern("/data/x.csv") == "/data/x.csv");
}

TEST_CASE("a file that was replaced under its name is another access, the same file is the same") {
  const Place place;
  const Access before = place.access(reading(place.at("in.csv")));
  CHECK(before == place.access(reading(place.at("in.csv"))));
  place.touch("new.csv");
  fs::rename(place.root / "new.csv", place.root / "in.csv");
  CHECK_FALSE(before == place.access(reading(place.at("in.csv"))));
}

TEST_CASE("nothing of the data folder can be named, by no way around, but an uploaded file") {
  const Place place;
  CHECK_THROWS_AS((void)place.access(reading(place.at(".mortise/key"))), Error);
  CHECK_THROWS_AS((void)place.access(reading(place.at(".mortise"))), Error);
  CHECK_THROWS_AS((void)place.access(reading(place.at(".mortise/files/../key"))), Error);
  CHECK_THROWS_AS((void)place.access(reading(place.at(".mortise/*"))), Error);
  CHECK_THROWS_AS((void)place.access(writing(place.at(".mortise/files/x.csv"))), Error);
  fs::create_symlink(place.at(".mortise/key"), place.root / "link");
  CHECK_THROWS_AS((void)place.access(reading(place.at("link"))), Error);
  fs::create_directory_symlink(place.at(".mortise"), place.root / "folder");
  CHECK_THROWS_AS((void)place.access(writing(place.at("folder/x"))), Error);
  CHECK(place.access(reading(place.at(".mortise/files/up.csv"))).files.size() == 1);
}

TEST_CASE("a path that is only mentioned opens nothing without file_system, and what is there with it") {
  Place place;
  CHECK(place.access(mentioning(place.at("in.csv"))).files.empty());
  place.allow("file_system");
  const Access there = place.access(mentioning(place.at("in.csv")));
  REQUIRE(there.files.size() == 2);  // with its own folder
  CHECK(there.files[1].path == place.at("in.csv"));
  CHECK(there.files[1].write);
  CHECK(there.own_folder == place.at(".mortise/own/x"));
  CHECK(fs::is_directory(there.own_folder));
  const Access made = place.access(mentioning(place.at("new.txt")));
  CHECK(made.files.at(0).path == place.root.string());
  CHECK(made.files.at(0).write);
}

TEST_CASE("a path of the data folder that is only mentioned opens nothing and stops nothing") {
  Place place;
  place.allow("file_system");
  CHECK(place.access(mentioning(place.at(".mortise/key"))).files.size() == 1);  // its own folder
  CHECK(place.access(mentioning(place.at(".mortise"))).files.size() == 1);
  CHECK(place.access(mentioning(place.at(".mortise/new"))).files.size() == 1);
}

TEST_CASE("a plugin of a guide without manifests reads the files that its step mentions and reaches the hosts") {
  Place place;
  place.descriptor.dialect = "mimir";
  Wanted wanted = mentioning(place.at("in.csv"));
  wanted.named.hosts = {"127.0.0.1:80"};
  const Access access = place.access(wanted);
  REQUIRE(access.files.size() == 1);
  CHECK_FALSE(access.files[0].write);
  CHECK(access.hosts.size() == 1);
  CHECK_FALSE(access.public_network);
}

TEST_CASE("hosts that a step names are reached by plugins with the permission network alone") {
  Place place;
  Wanted wanted;
  wanted.named.hosts = {"127.0.0.1:80"};
  CHECK_FALSE(place.access(wanted).network());
  place.allow("network=api.example.org");
  const Access access = place.access(wanted);
  CHECK(access.hosts.size() == 2);
  CHECK_FALSE(access.public_network);
  place.allow("network");
  CHECK(place.access(wanted).public_network);
}

TEST_CASE("granted paths, shared folders and the tables of the run are there under their names, written where said") {
  Place place;
  place.folders.shared = {place.at("shared")};
  place.allow("file_system=/srv/in");
  place.allow("file_system=/srv/out:write");
  Wanted wanted;
  wanted.tables = place.at(".mortise/runs/r1/tables");
  wanted.folders = Wanted::Folders::made;
  const Access access = place.access(wanted);
  REQUIRE(access.files.size() == 3);
  CHECK(access.files[0].path == "/srv/in");
  CHECK_FALSE(access.files[0].write);
  CHECK(access.files[1].write);
  CHECK(access.files[2].path == wanted.tables);
  CHECK(access.files[2].inode != 0);
  place.allow("file_system");
  CHECK(place.access(wanted).files.size() == 5);
}
