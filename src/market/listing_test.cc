#include "market/listing.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mortise;
using namespace mortise::market;

namespace {

Offer offer(const std::string& name, std::initializer_list<const char*> versions) {
  Offer made;
  made.name = name;
  made.author = "Ada";
  made.description = "Makes " + name + " loud";
  made.language = "python";
  made.category = "analysis";
  for (const char* version : versions) {
    Release release;
    release.version = version;
    release.file = release_file(name, version);
    release.digest = std::string(64, 'a');
    release.bytes = 10;
    release.published = Time{static_cast<std::int64_t>(made.releases.size() + 1) * 1'000'000'000};
    made.releases.push_back(release);
  }
  sort_releases(made);
  return made;
}

std::string names(const std::vector<const Offer*>& offers) {
  std::string text;
  for (const Offer* one : offers) text += one->name + " ";
  return text;
}

std::string refusal(const std::string& text) {
  try {
    (void)Listing::parse(text);
  } catch (const Error& error) {
    CHECK(error.code() == Code::invalid);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a listing is what it was when it is read again") {
  Listing listing{{offer("a", {"1.0.0", "1.2.0-rc.1"}), offer("b", {"2.0.0"})}};
  listing.offers[0].ratings = 2;
  listing.offers[0].stars = 8;
  listing.offers[0].tags = {"x"};
  listing.offers[0].reviews = {{"ann", "Fine", "It works", Time{5}}};
  listing.offers[0].releases[0].needs = {{"b", Range::parse("^2.0")}};
  const Listing read = Listing::parse(listing.text());
  CHECK(read.text() == listing.text());
  CHECK(read.find("a")->newest().version == "1.0.0");  // not the pre-release
  CHECK(read.find("a")->average() == 4);
  CHECK(read.find("c") == nullptr);
}

TEST_CASE("releases are ordered by precedence, not by text") {
  CHECK(offer("a", {"1.10.0", "1.9.0", "1.2.0"}).newest().version == "1.10.0");
  CHECK(offer("a", {"2.0.0-rc.1", "2.0.0-alpha"}).newest().version == "2.0.0-rc.1");
}

TEST_CASE("what an index may not say is refused, and the place is named") {
  const auto with = [](const std::string& key, const std::string& value) {
    const std::string release = R"({"version": "1.0.0", "file": "packages/a-1.0.0.tar.gz", "digest": ")" + std::string(64, 'a') +
                                R"(", "bytes": 1, "published": "2026-01-01T00:00:00Z"})";
    std::string plugin = R"({"name": "a", "downloads": 0, "ratings": 0, "stars": 0, "releases": [)" + release + "]}";
    const std::size_t at = plugin.find(key);
    if (at != std::string::npos) plugin.replace(at, key.size(), value);
    return R"({"format": 1, "plugins": [)" + plugin + "]}";
  };
  CHECK(refusal(with("no change", "")).empty());
  CHECK(refusal(with(R"("name": "a")", R"("name": "../a")")) != "");
  CHECK(refusal(with("packages/a-1.0.0", "packages/../../a-1.0.0")).find("releases[0]: file") != std::string::npos);
  CHECK(refusal(with("packages/a-1.0.0", "packages/b-1.0.0")).find("packages/a-1.0.0.tar.gz") != std::string::npos);
  CHECK(refusal(with(R"("version": "1.0.0")", R"("version": "1.0")")).find("a semantic version") != std::string::npos);
  CHECK(refusal(with("aaaa", "AAAA")).find("64 hexadecimal digits") != std::string::npos);
  CHECK(refusal(with(R"("ratings": 0, "stars": 0)", R"("ratings": 1, "stars": 9)")).find("stars") != std::string::npos);
  CHECK(refusal(with(R"("bytes": 1)", R"("bytes": -1)")).find("bytes") != std::string::npos);
  CHECK(refusal(with(R"("format": 1)", R"("format": 1)")).empty());
  CHECK(refusal(R"({"format": 2, "plugins": []})").find("format") != std::string::npos);
}

TEST_CASE("a search finds by words, category, language, tags, point and mark, and sorts as asked") {
  Offer a = offer("alpha", {"1.0.0"}), b = offer("beta", {"1.0.0", "1.1.0"}), c = offer("gamma", {"1.0.0"});
  a.downloads = 5, b.downloads = 9;
  a.ratings = 1, a.stars = 5, c.ratings = 2, c.stars = 6;
  a.tags = {"Sound", "loud"}, b.language = "r", c.category = "report", c.verified = true, c.points = {"report_generation"};
  const std::vector<const Offer*> all{&a, &b, &c};
  const auto found = [&](const Query& query) { return names(search(all, query).page); };
  CHECK(found({}) == "beta alpha gamma ");
  CHECK(found({.sort = Query::Sort::rating}) == "alpha gamma beta ");
  CHECK(found({.sort = Query::Sort::recent}) == "beta alpha gamma ");
  CHECK(found({.text = "LOUD ada"}) == "beta alpha gamma ");
  CHECK(found({.text = "alpha loud"}) == "alpha ");
  CHECK(found({.text = "nothing"}).empty());
  CHECK(found({.category = "Report"}) == "gamma ");
  CHECK(found({.language = "r"}) == "beta ");
  CHECK(found({.point = "report_generation"}) == "gamma ");
  CHECK(found({.tags = {"sound", "loud"}}) == "alpha ");
  CHECK(found({.tags = {"sound", "other"}}).empty());
  CHECK(found({.verified_only = true}) == "gamma ");
  CHECK(found({.limit = 1, .offset = 1}) == "alpha ");
  CHECK(search(all, {.limit = 1}).total == 3);
  const auto categories = categories_of(all);
  CHECK((categories.size() == 2 && categories[0].name == "analysis" && categories[0].count == 2));
}
