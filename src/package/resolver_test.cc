#include "package/resolver.h"

#include <doctest/doctest.h>

#include <functional>
#include <random>

#include "base/error.h"

using namespace mortise;
using package::Candidate;
using package::Need;
using Versions = std::map<std::string, Version>;

namespace {

struct Shelf : package::Catalog {
  std::map<std::string, std::vector<Candidate>> packages;

  Shelf& has(const std::string& name, const char* version, std::vector<std::pair<std::string, std::string>> needs = {}) {
    Candidate candidate{Version::parse(version), {}};
    for (const auto& [other, range] : needs) candidate.needs.push_back({other, Range::parse(range)});
    packages[name].push_back(std::move(candidate));
    return *this;
  }
  std::vector<Candidate> candidates(const std::string& name) override {
    const auto at = packages.find(name);
    return at == packages.end() ? std::vector<Candidate>{} : at->second;
  }
};

std::string chosen(Shelf& shelf, const std::vector<std::pair<std::string, std::string>>& needs, const Versions& preferred = {}) {
  std::vector<Need> all;
  for (const auto& [name, range] : needs) all.push_back({name, Range::parse(range)});
  std::string text;
  for (const auto& [name, version] : package::resolve(shelf, "this host", all, preferred).versions) text += name + " " + version.text() + ", ";
  return text;
}

Error refusal(Shelf& shelf, const std::vector<std::pair<std::string, std::string>>& needs) {
  try {
    FAIL("resolved: " << chosen(shelf, needs));
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::internal, "");
}

}  // namespace

TEST_CASE("the newest versions that fit are chosen") {
  Shelf shelf;
  shelf.has("a", "1.0.0", {{"b", "^1.0"}}).has("a", "1.1.0", {{"b", "^1.1"}}).has("a", "2.0.0-rc.1").has("b", "1.0.0").has("b", "1.5.0").has("b", "2.0.0");
  CHECK(chosen(shelf, {{"a", "*"}}) == "a 1.1.0, b 1.5.0, ");
  CHECK(chosen(shelf, {{"a", "1.0.x"}}) == "a 1.0.0, b 1.5.0, ");
  CHECK(chosen(shelf, {{"b", ">=2.0"}}) == "b 2.0.0, ");
}

TEST_CASE("what is preferred stays as long as it fits") {
  Shelf shelf;
  shelf.has("a", "1.0.0").has("a", "1.1.0").has("a", "1.2.0");
  CHECK(chosen(shelf, {{"a", "^1.0"}}, {{"a", Version::parse("1.1.0")}}) == "a 1.1.0, ");
  CHECK(chosen(shelf, {{"a", "^1.2"}}, {{"a", Version::parse("1.1.0")}}) == "a 1.2.0, ");
}

TEST_CASE("a newer version whose needs cannot be met gives way to an older one") {
  Shelf shelf;
  shelf.has("a", "1.0.0", {{"shared", "^1.0"}}).has("a", "2.0.0", {{"shared", "^2.0"}});
  shelf.has("b", "1.0.0", {{"shared", "^1.0"}});
  shelf.has("shared", "1.0.0").has("shared", "2.0.0");
  CHECK(chosen(shelf, {{"a", "*"}, {"b", "*"}}) == "a 1.0.0, b 1.0.0, shared 1.0.0, ");
}

TEST_CASE("what is needed comes before what needs it") {
  Shelf shelf;
  shelf.has("top", "1.0.0", {{"middle", "*"}, {"low", "*"}}).has("middle", "1.0.0", {{"low", "*"}}).has("low", "1.0.0");
  const auto order = package::resolve(shelf, "this host", {{"top", Range()}}).order;
  CHECK(order == std::vector<std::string>{"low", "middle", "top"});
}

TEST_CASE("a refusal tells the rules that lead to it") {
  Shelf shelf;
  shelf.has("a", "1.0.0", {{"shared", "^1.0"}}).has("b", "1.0.0", {{"shared", "^2.0"}}).has("shared", "1.0.0").has("shared", "2.0.0");
  const Error error = refusal(shelf, {{"a", "*"}, {"b", "*"}});
  CHECK(std::string(error.what()) == "no set of versions fits what this host needs");
  CHECK(error.code() == Code::conflict);
  INFO(error.hint());
  CHECK(error.hint().find("a 1.0.0 needs shared ^1.0") != std::string::npos);
  CHECK(error.hint().find("b 1.0.0 needs shared ^2.0") != std::string::npos);
  CHECK(error.hint().find("there is no way to meet them all") != std::string::npos);

  CHECK(refusal(shelf, {{"c", "^1.0"}}).hint().find("this host needs c ^1.0, which nobody has") != std::string::npos);
  CHECK(refusal(shelf, {{"a", "^3.0"}}).hint().find("this host needs a ^3.0, of which there is no such version (there is 1.0.0)") != std::string::npos);
}

TEST_CASE("a circle is named") {
  Shelf shelf;
  shelf.has("a", "1.0.0", {{"b", "*"}}).has("b", "1.0.0", {{"c", "*"}}).has("c", "1.0.0", {{"a", "*"}});
  CHECK(std::string(refusal(shelf, {{"a", "*"}}).what()) == "packages need each other in a circle: a -> b -> c -> a");
}

// Small random worlds, each also searched to the end: there is an answer exactly where the search finds one, and it holds.
TEST_CASE("an answer is found exactly where there is one") {
  std::mt19937 random(7);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  int solved = 0, refused = 0;
  for (int round = 0; round < 3'000; ++round) {
    const unsigned names = 2 + below(4);
    const auto name = [](unsigned i) { return std::string(1, static_cast<char>('a' + i)); };
    Shelf shelf;
    for (unsigned i = 0; i < names; ++i) {
      for (unsigned v = 1, count = 1 + below(3); v <= count; ++v) {
        std::vector<std::pair<std::string, std::string>> needs;
        for (unsigned other = i + 1; other < names; ++other) {  // no circles
          if (below(2) == 0) continue;
          const char* forms[] = {"^%u.0", ">=%u.0.0", "<%u.5", "=%u.0.0"};
          char range[32];
          std::snprintf(range, sizeof range, forms[below(4)], 1 + below(3));
          needs.emplace_back(name(other), range);
        }
        shelf.has(name(i), (std::to_string(v) + ".0.0").c_str(), needs);
      }
    }
    const std::vector<Need> needs{{name(0), Range()}, {name(names - 1), Range::parse("<3")}};

    Versions fixed;
    const std::function<bool(std::vector<Need>)> search = [&](std::vector<Need> open) -> bool {
      if (open.empty()) return true;
      const Need need = open.back();
      open.pop_back();
      if (const auto at = fixed.find(need.package); at != fixed.end()) return need.range.contains(at->second) && search(open);
      for (const Candidate& candidate : shelf.candidates(need.package)) {
        if (!need.range.contains(candidate.version)) continue;
        fixed.emplace(need.package, candidate.version);
        std::vector<Need> more = open;
        more.insert(more.end(), candidate.needs.begin(), candidate.needs.end());
        if (search(more)) return true;
        fixed.erase(need.package);
      }
      return false;
    };
    const bool possible = search(needs);
    try {
      const auto resolution = package::resolve(shelf, "this host", needs);
      REQUIRE(possible);
      ++solved;
      const auto holds = [&](const Need& need) {
        const auto at = resolution.versions.find(need.package);
        return at != resolution.versions.end() && need.range.contains(at->second);
      };
      for (const Need& need : needs) REQUIRE(holds(need));
      for (const auto& [package, version] : resolution.versions) {
        for (const Candidate& candidate : shelf.candidates(package)) {
          if (candidate.version != version) continue;
          for (const Need& need : candidate.needs) REQUIRE(holds(need));
        }
      }
    } catch (const Error& error) {
      INFO(error.what(), "\n", error.hint());
      REQUIRE(error.code() == Code::conflict);
      REQUIRE_FALSE(possible);
      ++refused;
    }
  }
  CHECK(solved > 300);
  CHECK(refused > 300);
}
