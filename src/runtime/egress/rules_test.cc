#include "runtime/egress/rules.h"

#include <doctest/doctest.h>

using namespace mortise;
using mortise::runtime::egress::Rules;

namespace {
IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }
Rules only(std::initializer_list<const char*> patterns) {
  std::vector<HostPattern> all;
  for (const char* text : patterns) all.push_back(HostPattern::parse(text));
  return {false, std::move(all)};
}
}  // namespace

TEST_CASE("plain network reaches every public address and no other") {
  const Rules rules(true, {});
  CHECK(rules.allows(ip("1.1.1.1"), 443));
  CHECK(rules.allows(ip("2606:4700::1111"), 443));
  for (const char* closed : {"127.0.0.1", "10.0.0.5", "169.254.169.254", "192.168.0.1", "::1", "::ffff:10.0.0.5", "fe80::1", "fd00::1"}) {
    CAPTURE(closed);
    CHECK_FALSE(rules.allows(ip(closed), 80));
  }
}

TEST_CASE("a private address is open where a pattern of addresses says so, at its port alone") {
  const Rules rules(true, {HostPattern::parse("10.0.0.0/8"), HostPattern::parse("127.0.0.1:8080")});
  CHECK(rules.allows(ip("10.1.2.3"), 80));
  CHECK(rules.allows(ip("127.0.0.1"), 8080));
  CHECK(rules.allows(ip("::ffff:127.0.0.1"), 8080));
  CHECK_FALSE(rules.allows(ip("127.0.0.1"), 8081));
  CHECK_FALSE(rules.allows(ip("127.0.0.2"), 8080));
}

TEST_CASE("localhost stands for every address of the loopback network") {
  const Rules rules = only({"localhost:9000"});
  CHECK(rules.allows(ip("127.0.0.1"), 9000));
  CHECK(rules.allows(ip("::1"), 9000));
  CHECK_FALSE(rules.allows(ip("127.0.0.1"), 9001));
  CHECK_FALSE(rules.allows(ip("10.0.0.1"), 9000));
}

TEST_CASE("a name opens the addresses that were given out for it, and nothing before that") {
  Rules rules = only({"api.example.org:443"});
  CHECK_FALSE(rules.allows(ip("1.2.3.4"), 443));
  CHECK(rules.may_resolve("API.example.org."));
  CHECK_FALSE(rules.may_resolve("other.example.org"));
  CHECK(rules.answer("Api.Example.Org", {ip("1.2.3.4"), ip("1.2.3.5")}).size() == 2);
  CHECK(rules.allows(ip("1.2.3.4"), 443));
  CHECK_FALSE(rules.allows(ip("1.2.3.4"), 80));
  CHECK_FALSE(rules.allows(ip("1.2.3.6"), 443));
  CHECK(rules.describe(ip("1.2.3.4"), 443) == "api.example.org:443");
}

TEST_CASE("a name that leads to a private address opens nothing, however often its answer changes") {
  Rules rules = only({"rebind.example.org"});
  CHECK(rules.answer("rebind.example.org", {ip("93.184.216.34")}).size() == 1);
  CHECK(rules.answer("rebind.example.org", {ip("127.0.0.1"), ip("10.0.0.1"), ip("::1"), ip("169.254.169.254")}).empty());
  CHECK_FALSE(rules.allows(ip("127.0.0.1"), 80));
  CHECK_FALSE(rules.allows(ip("10.0.0.1"), 80));
  CHECK(rules.allows(ip("93.184.216.34"), 80));
}

TEST_CASE("a private address that the operator named may be the answer for any name that may be asked for") {
  Rules rules(false, {HostPattern::parse("db.internal"), HostPattern::parse("10.0.0.5:5432")});
  CHECK(rules.answer("db.internal", {ip("10.0.0.5"), ip("10.0.0.6")}) == std::vector{ip("10.0.0.5")});
  CHECK(rules.allows(ip("10.0.0.5"), 5432));
  CHECK_FALSE(rules.allows(ip("10.0.0.5"), 22));
  CHECK(rules.describe(ip("10.0.0.5"), 22) == "10.0.0.5:22");
}
