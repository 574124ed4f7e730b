#include "plugin/grants.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include "store/database.h"

using namespace mortise;
using namespace mortise::plugin;

namespace {

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mortise-grants-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string file() const { return path + "/mortise.db"; }
  std::string path;
};

Descriptor resize() {
  Descriptor descriptor;
  descriptor.id = "resize";
  descriptor.permissions = {"read_data"};
  return descriptor;
}

}  // namespace

TEST_CASE("what was decided is there after a new start, with who decided and when") {
  const Folder folder;
  {
    store::Database database(folder.file());
    Grants grants(database, PermissionPolicy::grant);
    grants.decide("resize", Permission::parse("network=api.example.org"), Verdict::granted, "operator");
    grants.decide("resize", Permission::parse("read_data"), Verdict::revoked, "token ci");
    grants.trust("resize", Verdict::granted, "operator");
    LimitChoice limits;
    read_limit("memory=1GiB", limits);
    read_limit("processors=0.5", limits);
    read_limit("deadline=90s", limits);
    read_limit("processes=7", limits);
    read_limit("open_files=64", limits);
    grants.limit("resize", limits, {}, "operator");
  }
  store::Database database(folder.file());
  const Grants grants(database, PermissionPolicy::grant);
  const Decisions decisions = grants.of("resize");
  REQUIRE(decisions.permissions.size() == 2);
  CHECK(decisions.permissions[0].permission.text() == "network=api.example.org");
  CHECK(decisions.permissions[1].by == "token ci");
  CHECK(decisions.permissions[1].when.nanoseconds > 0);
  CHECK(decisions.trust->verdict == Verdict::granted);
  CHECK(decisions.limits.memory_bytes == std::uint64_t{1} << 30U);
  CHECK(decisions.limits.processors == 0.5);
  CHECK(decisions.limits.deadline == std::chrono::seconds(90));
  CHECK(decisions.limits.processes == 7);
  CHECK(decisions.limits.open_files == 64);
  const Allowed allowed = grants.allowed(resize());
  REQUIRE(allowed.permissions.size() == 1);
  CHECK(allowed.permissions[0].text() == "network=api.example.org");
}

TEST_CASE("revoking a permission takes back the named ones of its kind; granting it later brings back only itself") {
  const Folder folder;
  store::Database database(folder.file());
  Grants grants(database, PermissionPolicy::deny);
  grants.decide("resize", Permission::parse("network=a.org"), Verdict::granted, "operator");
  grants.decide("resize", Permission::parse("network=b.org"), Verdict::granted, "operator");
  grants.decide("resize", Permission::parse("network"), Verdict::revoked, "operator");
  CHECK_FALSE(grants.allowed(resize()).has(Right::network));
  CHECK_FALSE(Grants(database, PermissionPolicy::deny).allowed(resize()).has(Right::network));
  grants.decide("resize", Permission::parse("network=c.org"), Verdict::granted, "operator");
  CHECK(grants.allowed(resize()).hosts().size() == 1);
  CHECK(Grants(database, PermissionPolicy::deny).allowed(resize()).hosts().size() == 1);
}

TEST_CASE("a limit is set and taken back by its name, the others stay") {
  const Folder folder;
  store::Database database(folder.file());
  Grants grants(database, PermissionPolicy::grant);
  LimitChoice limits;
  read_limit("memory=1GiB", limits);
  read_limit("processors=2", limits);
  grants.limit("resize", limits, {}, "operator");
  grants.limit("resize", {}, {"processors"}, "operator");
  for (const Decisions& decisions : {grants.of("resize"), Grants(database, PermissionPolicy::grant).of("resize")}) {
    CHECK(decisions.limits.memory_bytes == std::uint64_t{1} << 30U);
    CHECK_FALSE(decisions.limits.processors);
  }
  grants.forget("resize");
  CHECK_FALSE(Grants(database, PermissionPolicy::grant).of("resize").limits.memory_bytes);
}

TEST_CASE("a limit that means nothing is refused with what was expected") {
  LimitChoice limits;
  for (const char* text : {"memory=", "memory=lots", "memory=1", "processors=0", "processors=-1", "processors=nan", "processors=1x", "deadline=0s",
                           "deadline=x", "processes=0", "processes=-1", "open_files=3", "memroy=1GiB", ""}) {
    CAPTURE(text);
    CHECK_THROWS_AS(read_limit(text, limits), Error);
  }
}
