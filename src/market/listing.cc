#include "market/listing.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "data/value_json.h"
#include "market/fields.h"
#include "plugin/manifest.h"

namespace mortise::market {
namespace {

constexpr std::size_t most_offers = 100'000;
constexpr std::size_t most_releases = 2'000;
constexpr std::size_t most_reviews = 200;
constexpr std::int64_t most_stars = 5;

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

std::string at(const std::string& place, const char* what, std::size_t number) {
  return place + ": " + what + "[" + std::to_string(number) + "]";
}

Release release_in(const Value& value, const std::string& place, const std::string& name) {
  const Fields fields(value, place);
  Release release{fields.text("version", 200),       fields.text("file", 400),        fields.sha256("digest"),
                  static_cast<std::uint64_t>(fields.number("bytes")), fields.text_or_empty("signer", 16), fields.time("published"), {},
                  fields.texts("packages"),          fields.texts("permissions")};
  if (!Version::try_parse(release.version)) throw fields.wrong("version", "a semantic version such as 1.2.3");
  if (release.file != release_file(name, release.version)) throw fields.wrong("file", release_file(name, release.version));
  const Value& needs = fields.list("needs", 200);
  for (std::size_t i = 0; i < needs.size(); ++i) {
    const Fields need(needs[i], at(place, "needs", i));
    release.needs.push_back({need.text("name", 200), Range::parse(need.text_or_empty("range", 200))});
  }
  return release;
}

Review review_in(const Value& value, const std::string& place) {
  const Fields fields(value, place);
  return {fields.text("by", 200), fields.text_or_empty("title", 400), fields.text_or_empty("text", 20'000), fields.time("written")};
}

bool older(const Release& a, const Release& b) {
  const auto order = Version::parse(a.version) <=> Version::parse(b.version);
  return std::is_eq(order) ? a.version < b.version : std::is_lt(order);
}

Offer offer_in(const Value& value, const std::string& place) {
  const Fields fields(value, place);
  Offer offer;
  offer.name = fields.text("name", 128);
  plugin::check_plugin_name(offer.name);
  offer.author = fields.text_or_empty("author");
  offer.description = fields.text_or_empty("description");
  offer.language = fields.text_or_empty("language", 40);
  offer.category = fields.text_or_empty("category", 200);
  offer.license = fields.text_or_empty("license", 400);
  offer.tags = fields.texts("tags", 100);
  offer.points = fields.texts("extension_points", 100);
  offer.verified = fields.flag("verified");
  offer.featured = fields.flag("featured");
  offer.downloads = fields.number("downloads");
  offer.ratings = fields.number("ratings");
  offer.stars = fields.number("stars");
  if (offer.ratings > INT64_MAX / most_stars || offer.stars < offer.ratings || offer.stars > offer.ratings * most_stars) {
    throw fields.wrong("stars", "from 1 to 5 for each of the ratings");
  }
  const Value& reviews = fields.list("reviews", most_reviews);
  for (std::size_t i = 0; i < reviews.size(); ++i) offer.reviews.push_back(review_in(reviews[i], at(place, "reviews", i)));
  const Value& releases = fields.list("releases", most_releases);
  std::set<std::string> versions;
  for (std::size_t i = 0; i < releases.size(); ++i) {
    offer.releases.push_back(release_in(releases[i], at(place, "releases", i), offer.name));
    if (!versions.insert(offer.releases.back().version).second) throw fields.wrong("releases", "each version once");
  }
  if (offer.releases.empty()) throw fields.wrong("releases", "at least one");
  sort_releases(offer);
  return offer;
}

Value value_of(const Release& release) {
  Value needs = Value::list();
  for (const package::Need& need : release.needs) needs.push_back(Value::map({{"name", need.package}, {"range", need.range.text()}}));
  return Value::map({{"version", release.version},
                     {"file", release.file},
                     {"digest", release.digest},
                     {"bytes", static_cast<std::int64_t>(release.bytes)},
                     {"signer", release.signer},
                     {"published", to_rfc3339(release.published)},
                     {"needs", std::move(needs)},
                     {"packages", texts(release.packages)},
                     {"permissions", texts(release.permissions)}});
}

Value value_of(const Offer& offer) {
  Value releases = Value::list(), reviews = Value::list();
  for (const Release& release : offer.releases) releases.push_back(value_of(release));
  for (const Review& review : offer.reviews) {
    reviews.push_back(Value::map({{"by", review.by}, {"title", review.title}, {"text", review.text}, {"written", to_rfc3339(review.written)}}));
  }
  return Value::map({{"name", offer.name},
                     {"author", offer.author},
                     {"description", offer.description},
                     {"language", offer.language},
                     {"category", offer.category},
                     {"license", offer.license},
                     {"tags", texts(offer.tags)},
                     {"extension_points", texts(offer.points)},
                     {"verified", offer.verified},
                     {"featured", offer.featured},
                     {"downloads", offer.downloads},
                     {"ratings", offer.ratings},
                     {"stars", offer.stars},
                     {"reviews", std::move(reviews)},
                     {"releases", std::move(releases)}});
}

}  // namespace

const Release& Offer::newest() const {
  for (auto release = releases.rbegin(); release != releases.rend(); ++release) {
    if (Version::parse(release->version).prerelease.empty()) return *release;
  }
  return releases.back();
}

Listing Listing::parse(std::string_view text, const std::string& file) {
  const Value document = data::parse_json(text, {.bytes = 64U << 20U}, file);
  const Fields fields(document, file);
  if (fields.number("format", 1) != 1) throw fields.wrong("format", "1; a newer mortise reads newer ones");
  Listing listing;
  const Value& plugins = fields.list("plugins", most_offers);
  for (std::size_t i = 0; i < plugins.size(); ++i) listing.offers.push_back(offer_in(plugins[i], at(file, "plugins", i)));
  std::sort(listing.offers.begin(), listing.offers.end(), [](const Offer& a, const Offer& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(listing.offers.begin(), listing.offers.end(), [](const Offer& a, const Offer& b) { return a.name == b.name; });
  if (twice != listing.offers.end()) throw fields.wrong("plugins", "each name once, '" + twice->name + "' is there twice");
  return listing;
}

std::string Listing::text() const {
  Value plugins = Value::list();
  for (const Offer& offer : offers) plugins.push_back(value_of(offer));
  return data::to_json(Value::map({{"format", 1}, {"plugins", std::move(plugins)}}), {.indent = 1}) + "\n";
}

const Offer* Listing::find(std::string_view name) const noexcept {
  const auto found = std::lower_bound(offers.begin(), offers.end(), name, [](const Offer& offer, std::string_view wanted) { return offer.name < wanted; });
  return found != offers.end() && found->name == name ? &*found : nullptr;
}

void sort_releases(Offer& offer) { std::sort(offer.releases.begin(), offer.releases.end(), older); }

std::string release_file(const std::string& name, const std::string& version) { return "packages/" + name + "-" + version + ".tar.gz"; }

Value summary_of(const Offer& offer) {
  const Release& release = offer.newest();
  return Value::map({{"id", offer.name},
                     {"name", offer.name},
                     {"version", release.version},
                     {"author", offer.author},
                     {"description", offer.description},
                     {"language", offer.language},
                     {"category", offer.category},
                     {"tags", texts(offer.tags)},
                     {"extension_points", texts(offer.points)},
                     {"license", offer.license},
                     {"downloads", offer.downloads},
                     {"rating_average", offer.average()},
                     {"rating_count", offer.ratings},
                     {"verified", offer.verified},
                     {"featured", offer.featured},
                     {"published", to_rfc3339(release.published)}});
}

}  // namespace mortise::market
