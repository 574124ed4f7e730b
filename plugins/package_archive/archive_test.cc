#include <doctest/doctest.h>

#include "mortise/error.hpp"
#include "package_archive/testing.h"

using namespace mortise::package_archive;
using namespace mortise::package_archive::testing;

namespace {

const std::vector<Entry> honest{{"thing/", "", '5', 0755},
                                {"thing/manifest.json", "{}"},
                                {"thing/run.sh", "#!/bin/sh\n", '0', 0755},
                                {"thing/data/empty", ""}};

void check_honest(const std::vector<File>& files) {
  REQUIRE(files.size() == 3);
  CHECK(files[0].path == "thing/data/empty");
  CHECK(files[0].content->empty());
  CHECK(files[1].path == "thing/manifest.json");
  CHECK(*files[1].content == "{}");
  CHECK_FALSE(files[1].executable);
  CHECK(files[2].executable);
}

}  // namespace

TEST_CASE("a package comes out the same whatever it was packed as") {
  const std::string plain = tar(honest);
  SUBCASE("tar") { check_honest(unpack(plain)); }
  SUBCASE("tar.gz") { check_honest(unpack(compressed(plain))); }
  SUBCASE("tar.zst") { check_honest(unpack(compressed(plain, Filter::zstd))); }
  SUBCASE("zip") {
    check_honest(unpack(zip({{"thing/manifest.json", "{}"}, {"thing/run.sh", "#!/bin/sh\n", '0', 0755}, {"thing/data/empty", ""}})));
  }
}

TEST_CASE("what is packed unpacks to itself, and the same files give the same bytes") {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  const std::vector<File> files{{"a/\xc3\xa4.bin", std::make_shared<const std::string>(all_bytes), false},
                                {"b", std::make_shared<const std::string>(100'000, 'x'), true}};
  const std::string packed = pack(files);
  CHECK(pack(files) == packed);
  const std::vector<File> again = unpack(packed);
  REQUIRE(again.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(again[i].path == files[i].path);
    CHECK(*again[i].content == *files[i].content);
    CHECK(again[i].executable == files[i].executable);
  }
}

TEST_CASE("links to files of the package become copies of them") {
  const auto files = unpack(tar({{"p/lib/a.so.1", "code", '0', 0755},
                                 {"p/lib/a.so", "", '2', 0777, "a.so.1"},
                                 {"p/again", "", '2', 0777, "./lib/../lib/a.so"},
                                 {"p/hard", "", '1', 0644, "p/lib/a.so.1"}}));
  REQUIRE(files.size() == 4);
  for (const File& file : files) {
    CHECK(*file.content == "code");
    CHECK(file.executable);
  }
}

TEST_CASE("names are cleaned of what means nothing") {
  const Limits limits;
  CHECK(clean_path("./a//b/./c", limits) == "a/b/c");
  CHECK(clean_path("a/", limits) == "a");
  CHECK(clean_path("./", limits).empty());
  CHECK(clean_path("..a/...", limits) == "..a/...");
}
