#include "market/publication.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "data/value_json.h"
#include "market/fields.h"
#include "package/parcel.h"
#include "package/readers.h"
#include "store/sha256.h"

namespace mortise::market {
namespace {

constexpr std::size_t findings_told = 5;

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

// What the index says of a release, out of its manifest.
Value about(const plugin::Descriptor& plugin) {
  Value needs = Value::list(), packages = Value::list();
  for (const plugin::Requirement& need : plugin.requires_) {
    if (need.type == plugin::Requirement::Type::plugin) needs.push_back(Value::map({{"name", need.name}, {"range", need.range}}));
    if (need.type == plugin::Requirement::Type::package) packages.push_back(need.name + need.range);
  }
  return Value::map({{"author", plugin.author},
                     {"description", plugin.description},
                     {"language", plugin.language},
                     {"category", plugin.category},
                     {"license", plugin.license},
                     {"tags", texts(plugin.tags)},
                     {"extension_points", texts(plugin.extension_points)},
                     {"needs", std::move(needs)},
                     {"packages", std::move(packages)},
                     {"permissions", texts(plugin.permissions)}});
}

// "shout.py:9: exec of decoded text [hidden-code]; ..."
void refuse_unsafe(const plugin::Descriptor& plugin, const Value& scan) {
  if (scan.at("verdict").as_string() != "unsafe") return;
  const auto issues = scan.at("issues").items();
  std::string told;
  for (std::size_t i = 0; i < std::min(issues.size(), findings_told); ++i) {
    const Value& one = issues[i];
    told += (i == 0 ? "" : "; ") + std::string(one.at("file").as_string()) + ":" + std::to_string(one.at("line").as_int64()) + ": " +
            std::string(one.at("message").as_string()) + " [" + std::string(one.at("rule").as_string()) + "]";
  }
  if (issues.size() > findings_told) told += "; and " + std::to_string(issues.size() - findings_told) + " more";
  throw Error(Code::invalid, "'" + plugin.id + "' " + plugin.version_text + " is not published, the scanner calls it unsafe: " + told,
              "mortise plugin scan shows every finding with what to do instead")
      .with("plugin", plugin.id);
}

Release release_of(const store::EntryRow& entry, const Fields& fields) {
  Release release{entry.version, release_file(entry.name, entry.version), entry.digest, entry.bytes, entry.signer, entry.published, {},
                  fields.texts("packages"), fields.texts("permissions")};
  const Value& needs = fields.list("needs", 1'000);
  for (const Value& need : needs.items()) {
    release.needs.push_back({std::string(need.at("name").as_string()), Range::parse(need.at("range").as_string())});
  }
  return release;
}

}  // namespace

store::EntryRow entry_for(package::Readers& readers, const std::string& archive, const std::string& signature) {
  const package::Policy policy;
  if (archive.empty() || archive.size() > policy.limits.archive_bytes) {
    throw Error(Code::invalid, "the package has " + std::to_string(archive.size()) + " bytes; expected an archive of at most " + std::to_string(policy.limits.archive_bytes),
                "`mortise plugin pack` makes one");
  }
  const package::Opened opened = package::open(readers, {archive, {}, signature, "publication"}, policy);
  const plugin::Descriptor& plugin = opened.descriptor;
  refuse_unsafe(plugin, opened.scan);
  store::EntryRow entry;
  entry.name = plugin.id;
  entry.version = plugin.version_text;
  entry.state = "pending";
  entry.digest = opened.contents.digest();
  entry.sha256 = store::sha256_of(archive);
  entry.bytes = archive.size();
  entry.signature = signature;
  if (!signature.empty()) entry.signer = package::Signature::claimed_key_id(signature, "signature");
  entry.about = data::to_json(about(plugin));
  entry.scan = data::to_json(opened.scan);
  (void)Listing::parse(listing_of({entry}, {}).text(), "manifest.json");  // what an index may not say is refused here, and not by its readers
  return entry;
}

namespace {

void describe(Offer& offer, const store::EntryRow& newest) {
  const Value about = data::parse_json(newest.about);
  const Fields fields(about, "about");
  offer.author = fields.text_or_empty("author");
  offer.description = fields.text_or_empty("description");
  offer.language = fields.text_or_empty("language");
  offer.category = fields.text_or_empty("category");
  offer.license = fields.text_or_empty("license");
  offer.tags = fields.texts("tags");
  offer.points = fields.texts("extension_points");
}

Offer offer_of(const std::string& name, const std::vector<const store::EntryRow*>& entries) {
  Offer offer;
  offer.name = name;
  for (const store::EntryRow* entry : entries) {
    const Value about = data::parse_json(entry->about);
    offer.releases.push_back(release_of(*entry, Fields(about, "about")));
  }
  sort_releases(offer);
  const std::string& newest = offer.newest().version;
  describe(offer, **std::find_if(entries.begin(), entries.end(), [&](const store::EntryRow* entry) { return entry->version == newest; }));
  return offer;
}

}  // namespace

Listing listing_of(const std::vector<store::EntryRow>& entries, const std::vector<store::StandingRow>& standings) {
  std::map<std::string, std::vector<const store::EntryRow*>> by_name;
  for (const store::EntryRow& entry : entries) by_name[entry.name].push_back(&entry);
  std::map<std::string_view, const store::StandingRow*> standing_of;
  for (const store::StandingRow& row : standings) standing_of[row.name] = &row;
  Listing listing;
  for (const auto& [name, mine] : by_name) {
    Offer offer = offer_of(name, mine);
    if (const auto found = standing_of.find(name); found != standing_of.end()) {
      const store::StandingRow& row = *found->second;
      offer.verified = row.verified;
      offer.featured = row.featured;
      offer.downloads = row.downloads;
      offer.ratings = row.ratings;
      offer.stars = row.stars;
    }
    listing.offers.push_back(std::move(offer));
  }
  return listing;
}

}  // namespace mortise::market
