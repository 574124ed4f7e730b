// Every misdeed an archive can commit, one each: it is refused as a whole, and in words of its own.
#include <doctest/doctest.h>

#include <set>

#include "mortise/error.hpp"
#include "package_archive/testing.h"

using namespace mortise::package_archive;
using namespace mortise::package_archive::testing;

namespace {

struct Hostile {
  std::string misdeed;
  std::string archive;
  const char* words;
};

std::string folders(std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) path += "d/";
  return path + "f";
}

std::string bomb() { return compressed(tar({{"zeroes", std::string(40U << 20U, '\0')}})); }

std::string flipped(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
  return bytes;
}

std::vector<Hostile> all() {
  const std::string good = compressed(tar({{"p/manifest.json", "{}"}, {"p/x.py", std::string(5'000, 'x')}}));
  std::vector<Entry> many;
  for (int i = 0; i < 60; ++i) many.push_back({"f" + std::to_string(i), "x"});
  return {
      {"absolute path", tar({{"/etc/passwd", "x"}}), "has an absolute path"},
      {"absolute path after slashes", tar({{"//etc/passwd", "x"}}), "has an absolute path"},
      {"climbing at once", tar({{"../x", "x"}}), "with '..'"},
      {"climbing later", tar({{"a/../../x", "x"}}), "with '..'"},
      {"climbing and back", tar({{"a/../b", "x"}}), "with '..'"},
      {"climbing in a zip", zip({{"../x", "x"}}), "with '..'"},
      {"backslashes", tar({{"..\\..\\x", "x"}}), "backslash"},
      {"drive letter", tar({{"C:/x", "x"}}), "drive letter"},
      {"escape sequence in a name", tar({{"a\x1b[2Jb", "x"}}), "control character"},
      {"newline in a name", tar({{"a\nb", "x"}}), "control character"},
      {"name that is not UTF-8", tar({{"a\xff", "x"}}), "not UTF-8"},
      {"overlong UTF-8 slash", tar({{"a\xc0\xaf..", "x"}}), "not UTF-8"},
      {"too deep", tar({{folders(40), "x"}}), "deeper than 32"},
      {"absolute symbolic link", tar({{"l", "", '2', 0777, "/etc/passwd"}}), "points to an absolute path"},
      {"symbolic link out", tar({{"a/l", "", '2', 0777, "../../x"}}), "points out of the package"},
      {"symbolic link to nowhere", tar({{"l", "", '2', 0777, "missing"}}), "which is no file"},
      {"symbolic link to a folder", tar({{"d/f", "x"}, {"l", "", '2', 0777, "d"}}), "which is no file"},
      {"symbolic links in a circle", tar({{"a", "", '2', 0777, "b"}, {"b", "", '2', 0777, "a"}}), "in a circle"},
      {"symbolic link to itself", tar({{"a", "", '2', 0777, "a"}}), "in a circle"},
      {"empty symbolic link", tar({{"a", "", '2', 0777, ""}}), "points to nothing"},
      {"symbolic link in a zip", zip({{"l", "", '2', 0777, "/etc/passwd"}}), "points to an absolute path"},
      {"hard link out", tar({{"h", "", '1', 0644, "../../etc/shadow"}}), "with '..'"},
      {"absolute hard link", tar({{"h", "", '1', 0644, "/etc/shadow"}}), "has an absolute path"},
      {"hard link to nowhere", tar({{"h", "", '1', 0644, "missing"}}), "which is no file"},
      {"file through a link", tar({{"d", "", '2', 0777, "e"}, {"d/f", "x"}, {"e/g", "x"}}), "needs a folder where"},
      {"character device", tar({{"c", "", '3', 0666}}), "is a device"},
      {"block device", tar({{"b", "", '4', 0666}}), "is a device"},
      {"named pipe", tar({{"p", "", '6', 0666}}), "is a named pipe"},
      {"setuid", tar({{"s", "x", '0', 04755}}), "is setuid"},
      {"setgid", tar({{"s", "x", '0', 02755}}), "is setgid"},
      {"the same name twice", tar({{"a", "x"}, {"a", "y"}}), "occurs twice"},
      {"the same name twice, written otherwise", tar({{"a/b", "x"}, {"a/./b", "y"}}), "occurs twice"},
      {"names that differ in capitals", tar({{"Setup.py", "x"}, {"setup.py", "y"}}), "only in capitals"},
      {"folders that differ in capitals", tar({{"A/x", "x"}, {"a/y", "y"}}), "only in capitals"},
      {"a file and a folder", tar({{"a/b", "x"}, {"a", "x"}}), "a file and a folder at once"},
      {"a file under a file", tar({{"a", "x"}, {"a/b", "x"}}), "needs a folder where"},
      {"a bomb", bomb(), "times its size"},
      {"a zip bomb", zip({{"z", std::string(40U << 20U, '\0')}}), ""},
      {"a file that says it is huge", tar({{"h", "x", '0', 0644, "", 8'000'000'000LL}}), "larger than"},
      {"too many files", tar(many), "more than 50 files"},
      {"compressed twice", compressed(compressed(tar({{"a", "x"}}))), "more than once"},
      {"cut in the middle", good.substr(0, good.size() / 2), "damaged or ends too early"},
      {"cut at the last byte", good.substr(0, good.size() - 9), "damaged or ends too early"},
      {"a flipped bit", flipped(good, good.size() / 2), "damaged or ends too early"},
      {"a tar whose file ends early", tar({{"a", "x", '0', 0644, "", 5'000}}).substr(0, 1'000), "damaged or ends too early"},
      {"a wrong checksum", flipped(tar({{"a", "x"}}), 3), ""},
      {"nothing", std::string(), ""},
      {"text", "this is no archive, whatever its name says", ""},
      {"only folders", tar({{"a/", "", '5', 0755}}), "holds no file"},
      {"an empty archive", tar({}), "holds no file"},
  };
}

}  // namespace

TEST_CASE("each hostile archive is refused in words that name its misdeed") {
  Limits limits;
  limits.files = 50;
  for (const Hostile& one : all()) {
    INFO(one.misdeed);
    try {
      (void)unpack(one.archive, limits);
      FAIL("taken");
    } catch (const mortise::Error& error) {
      const std::string said = error.what();
      CHECK_MESSAGE(said.find(one.words) != std::string::npos, said);
      CHECK(error.code() == mortise::Code::invalid);
      CHECK_FALSE(error.hint().empty());
    }
  }
}

TEST_CASE("an archive cut at any byte is refused or is what it was") {
  const std::string good = compressed(tar({{"p/manifest.json", "{}"}, {"p/x.py", "print(1)\n"}}));
  for (std::size_t size = 0; size < good.size(); ++size) {
    try {
      const auto files = unpack(std::string_view(good).substr(0, size));
      REQUIRE(files.size() == 2);
      CHECK(*files[1].content == "print(1)\n");
    } catch (const mortise::Error& error) {
      CHECK(error.code() == mortise::Code::invalid);
    }
  }
}
