#include "base/host_pattern.h"

#include <doctest/doctest.h>

#include "base/error.h"

using mortise::HostPattern;
using mortise::IpAddress;

namespace {
bool is_public(const char* text) { return IpAddress::parse(text).value().is_public(); }
bool matches(const char* pattern, const char* address, std::uint16_t port) {
  return HostPattern::parse(pattern).matches(IpAddress::parse(address).value(), port);
}
}  // namespace

TEST_CASE("addresses of this machine, of private networks and of reserved ranges are not public, in whatever form they are written") {
  for (const char* text :
       {"127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fec0::1", "fc00::1", "fdff::1",
        "ff02::1", "2002:7f00:1::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1", "2001:db8::1", "100::1"}) {
    CAPTURE(text);
    CHECK_FALSE(is_public(text));
  }
  for (const char* text : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "100.63.255.255",
                           "100.128.0.0", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1"}) {
    CAPTURE(text);
    CHECK(is_public(text));
  }
}

TEST_CASE("a pattern of a name matches that name in any case, with its port when it has one") {
  const HostPattern any = HostPattern::parse("API.example.org");
  CHECK(any.matches("api.example.org", 80));
  CHECK(any.matches("Api.Example.Org.", 443));
  CHECK_FALSE(any.matches("example.org", 80));
  CHECK_FALSE(any.matches("xapi.example.org", 80));
  CHECK_FALSE(any.matches("api.example.org.evil.net", 80));
  const HostPattern one = HostPattern::parse("api.example.org:443");
  CHECK(one.matches("api.example.org", 443));
  CHECK(one.matches("api.example.org", 0));
  CHECK_FALSE(one.matches("api.example.org", 80));
}

TEST_CASE("a star stands for every name below, not for the name itself and not for a name that ends alike") {
  const HostPattern below = HostPattern::parse("*.example.org");
  CHECK(below.matches("a.example.org", 1));
  CHECK(below.matches("a.b.example.org", 1));
  CHECK_FALSE(below.matches("example.org", 1));
  CHECK_FALSE(below.matches("badexample.org", 1));
}

TEST_CASE("a pattern of addresses matches by its leading bits and its port") {
  CHECK(matches("10.0.0.0/8", "10.200.1.1", 80));
  CHECK_FALSE(matches("10.0.0.0/8", "11.0.0.0", 80));
  CHECK(matches("192.168.4.0/22", "192.168.7.255", 80));
  CHECK_FALSE(matches("192.168.4.0/22", "192.168.8.0", 80));
  CHECK(matches("127.0.0.1:8080", "127.0.0.1", 8080));
  CHECK(matches("127.0.0.1:8080", "::ffff:127.0.0.1", 8080));
  CHECK_FALSE(matches("127.0.0.1:8080", "127.0.0.1", 8081));
  CHECK(matches("[::1]:53", "::1", 53));
  CHECK(matches("0.0.0.0/0", "8.8.8.8", 1));
  CHECK_FALSE(matches("0.0.0.0/0", "2606:4700::1", 1));
  CHECK_FALSE(HostPattern::parse("localhost").matches(IpAddress::parse("127.0.0.1").value(), 1));
}

TEST_CASE("a pattern is written as it is read") {
  for (const char* text : {"api.example.org", "*.example.org:443", "10.0.0.0/8", "127.0.0.1:80", "2001:db8::/32",
                           "[2001:db8::1]:443", "localhost:8080", "::1"}) {
    CHECK(HostPattern::parse(text).text() == text);
  }
}

TEST_CASE("what is no host is refused with the reason and the forms that are") {
  for (const char* text : {"", "http://example.org", "a b", "*", "a.*.org", "host:", "host:0", "host:65536", "host:http",
                           "[::1", "[::1]x", "10.0.0.0/33", "10.0.0.0/x", "-a", "a..b", "10.0.0.0/-1"}) {
    CAPTURE(text);
    CHECK_THROWS_AS((void)HostPattern::parse(text), mortise::Error);
  }
}
