#include "http/uri.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mortise;
using namespace mortise::http;

TEST_CASE("a path is split before it is decoded, so an id may hold a slash") {
  const Target target = parse_target("/api/v1/plugins/acme%2Fresize/stats?x=1&y=a+b%26c&flag");
  CHECK(target.path == "/api/v1/plugins/acme%2Fresize/stats");
  CHECK(target.segments == std::vector<std::string>{"api", "v1", "plugins", "acme/resize", "stats"});
  CHECK(target.query == std::vector<std::pair<std::string, std::string>>{{"x", "1"}, {"y", "a b&c"}, {"flag", ""}});
}

TEST_CASE("one trailing slash makes no difference, an empty segment does") {
  CHECK(parse_target("/").segments.empty());
  CHECK(parse_target("/health/").segments == std::vector<std::string>{"health"});
  CHECK(parse_target("/a//b").segments == std::vector<std::string>{"a", "", "b"});
  CHECK(parse_target("/a//").segments == std::vector<std::string>{"a", ""});
  CHECK(parse_target("*").segments.empty());
}

TEST_CASE("the absolute form names its authority") {
  const Target target = parse_target("http://LOCALHOST:8080/health?x=1");
  CHECK(target.authority == "LOCALHOST:8080");
  CHECK(target.segments == std::vector<std::string>{"health"});
  CHECK(parse_target("http://localhost").segments.empty());
}

TEST_CASE("malformed addresses are refused") {
  for (const char* text :
       {"/%", "/%4", "/%zz", "/%00", "/%0a", "/%ff", "/%c0%af", "/%ed%a0%80", "/a#b", "health", "", "/a?x=%ff"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(std::ignore = parse_target(text), Error);
  }
  std::string many = "/?";
  for (int i = 0; i < 300; ++i) many += "a=1&";
  CHECK_THROWS_AS(std::ignore = parse_target(many), Error);
}

TEST_CASE("what is encoded decodes to the same text") {
  const std::string text = "a/b c%d+é\xF0\x9F\x99\x82~";
  CHECK(percent_decode(percent_encode(text)) == text);
  CHECK(percent_encode("a b/ä") == "a%20b%2F%C3%A4");
}

TEST_CASE("an authority is a host and perhaps a port, and nothing else") {
  CHECK(parse_authority("localhost")->host == "localhost");
  CHECK(parse_authority("LocalHost:80")->port == 80);
  CHECK(parse_authority("[::1]:8080")->host == "::1");
  CHECK(parse_authority("[::1]:8080")->port == 8080);
  for (const char* text : {"", ":80", "a b", "localhost:", "localhost:80x", "localhost:99999", "[::1", "[::1]x",
                           "user@host", "a/b", "[evil.example]"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_authority(text).has_value());
  }
}
