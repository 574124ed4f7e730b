#include "base/semver.h"

#include <doctest/doctest.h>

#include "base/error.h"

using mortise::Error;
using mortise::Range;
using mortise::Version;

namespace {
bool in(const char* range, const char* version) { return Range::parse(range).contains(Version::parse(version)); }
}  // namespace

TEST_CASE("a version is read and written back") {
  for (const char* text :
       {"0.0.4", "1.2.3", "10.20.30", "1.1.2-prerelease+meta", "1.0.0-alpha.1", "1.0.0-0A.is.legal", "2.0.0+build.1848",
        "1.0.0-rc.1+build.1", "18446744073709551615.0.0", "1.0.0--x-", "1.0.0+0.01"}) {
    CAPTURE(std::string(text));
    CHECK(Version::parse(text).text() == text);
  }
}

TEST_CASE("what is no version is refused with its text") {
  for (const char* text : {"",         "1",       "1.2",    "1.2.3-",     "1.2.3+",
                           "01.1.1",   "1.01.1",  "1.1.01", "1.2.3-0123", "1.2.3-0123.0123",
                           "v1.2.3",   "1.2.3 ",  " 1.2.3", "1.2.3-a..b", "1.2.3-a_b",
                           "-1.0.0",   "1.2.3.4", "alpha",  "1.2.x",      "18446744073709551616.0.0",
                           "1.0.0+a+b"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(Version::try_parse(text));
  }
  try {
    (void)Version::parse("1.2");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "not a version: '1.2': the patch number is missing");
    CHECK(error.detail("got") == "1.2");
  }
  CHECK_FALSE(Version::try_parse(std::string(300, '1')));
}

TEST_CASE("loose versions are what authors write") {
  CHECK(Version::parse("v1.2.3", Version::Form::loose).text() == "1.2.3");
  CHECK(Version::parse("1.2", Version::Form::loose).text() == "1.2.0");
  CHECK(Version::parse("2-rc.1", Version::Form::loose).text() == "2.0.0-rc.1");
  CHECK_FALSE(Version::try_parse("latest", Version::Form::loose));
}

TEST_CASE("precedence is that of the specification") {
  const char* rising[] = {"1.0.0-alpha",
                          "1.0.0-alpha.1",
                          "1.0.0-alpha.beta",
                          "1.0.0-beta",
                          "1.0.0-beta.2",
                          "1.0.0-beta.11",
                          "1.0.0-rc.1",
                          "1.0.0",
                          "1.0.1",
                          "1.2.0",
                          "1.10.0",
                          "2.0.0-99999999999999999999999",
                          "2.0.0-99999999999999999999999.0",
                          "2.0.0-x",
                          "2.0.0"};
  for (std::size_t i = 0; i < std::size(rising); ++i) {
    for (std::size_t j = 0; j < std::size(rising); ++j) {
      CAPTURE(std::string(rising[i]));
      CAPTURE(std::string(rising[j]));
      CHECK((Version::parse(rising[i]) <=> Version::parse(rising[j])) == (i <=> j));
    }
  }
  CHECK(Version::parse("1.0.0+a") == Version::parse("1.0.0+b"));
}

TEST_CASE("a caret keeps the leftmost number that is not 0") {
  CHECK(in("^1.2.3", "1.2.3"));
  CHECK(in("^1.2.3", "1.99.0"));
  CHECK_FALSE(in("^1.2.3", "1.2.2"));
  CHECK_FALSE(in("^1.2.3", "2.0.0"));
  CHECK(in("^0.2.3", "0.2.9"));
  CHECK_FALSE(in("^0.2.3", "0.3.0"));
  CHECK(in("^0.0.3", "0.0.3"));
  CHECK_FALSE(in("^0.0.3", "0.0.4"));
  CHECK(in("^0", "0.9.0"));
  CHECK_FALSE(in("^0.0", "0.1.0"));
}

TEST_CASE("a tilde keeps the minor number, pip's ~= keeps all but the last") {
  CHECK(in("~1.2.3", "1.2.9"));
  CHECK_FALSE(in("~1.2.3", "1.3.0"));
  CHECK(in("~1", "1.9.0"));
  CHECK(in("~=1.4", "1.9.0"));
  CHECK_FALSE(in("~=1.4", "2.0.0"));
  CHECK_FALSE(in("~=1.4.5", "1.5.0"));
}

TEST_CASE("comparisons, wildcards, spans and alternatives") {
  CHECK(in(">=1.0, <2.0", "1.5.0"));
  CHECK(in(">= 1.0 < 2.0", "1.5.0"));
  CHECK_FALSE(in(">=1.0,<2.0", "2.0.0"));
  CHECK(in(">1.2", "1.3.0"));
  CHECK_FALSE(in(">1.2", "1.2.9"));
  CHECK(in("<=1.2", "1.2.9"));
  CHECK(in("1.2 - 2.3", "2.3.9"));
  CHECK_FALSE(in("1.2 - 2.3", "2.4.0"));
  CHECK(in("1.x", "1.7.3"));
  CHECK(in("1.2.*", "1.2.3"));
  CHECK_FALSE(in("1.2.*", "1.3.0"));
  CHECK(in("*", "7.0.0"));
  CHECK(in("", "7.0.0"));
  CHECK(in("==1.2.3", "1.2.3"));
  CHECK_FALSE(in("1.2.3", "1.2.4"));
  CHECK(in(">=1.0.0 !=1.5.0", "1.5.1"));
  CHECK_FALSE(in(">=1.0.0 !=1.5.0", "1.5.0"));
  CHECK(in("^1.0 || ^3.0", "3.1.0"));
  CHECK_FALSE(in("^1.0 || ^3.0", "2.1.0"));
  CHECK(Range().contains(Version::parse("1.0.0")));
}

TEST_CASE("a pre-release comes only where one of the same numbers was named") {
  CHECK_FALSE(in("*", "1.0.0-rc.1"));
  CHECK_FALSE(in("^1.2.3", "2.0.0-rc.1"));
  CHECK_FALSE(in(">=1.0", "1.5.0-rc.1"));
  CHECK(in("^1.2.3-rc.1", "1.2.3-rc.2"));
  CHECK(in("^1.2.3-0", "1.2.3-rc.2"));
  CHECK_FALSE(in("^1.2.3-rc.1", "1.3.0-rc.1"));
  CHECK_FALSE(in("^1.2.3-rc.2", "1.2.3-rc.1"));
}

TEST_CASE("a broken range is refused") {
  for (const char* text :
       {">", "=>1.0", "1.0 -", "^", "1.*.3", ">*", "!=1.2", "a", "1.2-rc", "^18446744073709551615"}) {
    CAPTURE(std::string(text));
    CHECK_THROWS_AS((void)Range::parse(text), Error);
  }
}
