#include "market/shelves.h"

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "base/suggest.h"
#include "package/supplier.h"

namespace mortise::market {
namespace {

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

}  // namespace

Shelves::Shelves(Marketplace& own, const Sources& sources, const std::string& only) : own_(own), sources_(sources) {
  if (only.empty() || only == own_marketplace) shelves_.push_back({std::string(own_marketplace), own.listing(), nullptr});
  if (only.empty()) {
    for (Sources::Entry& known : sources_.list()) shelves_.push_back({known->row.name, {known, &known->listing}, known});
  } else if (only != own_marketplace) {
    const Sources::Entry known = sources_.get(only);
    shelves_.push_back({only, {known, &known->listing}, known});
  }
  std::set<std::string_view> taken;
  for (std::size_t i = 0; i < shelves_.size(); ++i) {
    for (const Offer& offer : shelves_[i].listing->offers) {
      if (!taken.insert(offer.name).second) continue;
      offers_.push_back(&offer);
      home_[&offer] = i;
    }
  }
  std::sort(offers_.begin(), offers_.end(), [](const Offer* a, const Offer* b) { return a->name < b->name; });
}

const Offer* Shelves::find(std::string_view name) const noexcept {
  const auto found = std::lower_bound(offers_.begin(), offers_.end(), name, [](const Offer* offer, std::string_view wanted) { return offer->name < wanted; });
  return found != offers_.end() && (*found)->name == name ? *found : nullptr;
}

const Offer& Shelves::get(const std::string& name) const {
  if (const Offer* found = find(name)) return *found;
  std::vector<std::string_view> known;
  for (const Offer* offer : offers_) known.emplace_back(offer->name);
  const auto near = nearest(name, known);
  throw Error(Code::not_found, "no marketplace that is known here has '" + name + "'",
              near ? "did you mean '" + *near + "'?" : "mortise marketplace search shows what there is; what nobody approved is not found")
      .with("plugin", name);
}

const std::string& Shelves::marketplace_of(const Offer& offer) const { return shelf_of(offer).marketplace; }

Shelves::Fetched Shelves::fetch(const Offer& offer, const Release& release) const {
  const Shelf& shelf = shelf_of(offer);
  const std::string source = std::string(package::marketplace_source) + shelf.marketplace;
  if (shelf.known) {
    Sources::Fetched fetched = sources_.fetch(*shelf.known, release);
    return {std::move(fetched.archive), std::move(fetched.signature), source};
  }
  Marketplace::Fetched fetched = own_.fetch(offer, release);
  return {std::move(fetched.archive), std::move(fetched.signature), source};
}

Value summary_of(const Shelves& shelves, const Offer& offer) {
  Value value = summary_of(offer);
  value.set("marketplace", shelves.marketplace_of(offer));
  return value;
}

Value page_of(const Shelves& shelves, const Offer& offer) {
  Value releases = Value::list(), reviews = Value::list();
  for (auto release = offer.releases.rbegin(); release != offer.releases.rend(); ++release) {
    Value needs = Value::list();
    for (const package::Need& need : release->needs) needs.push_back(need.package + (need.range.text().empty() ? "" : " " + need.range.text()));
    releases.push_back(Value::map({{"version", release->version},
                                   {"published", to_rfc3339(release->published)},
                                   {"bytes", static_cast<std::int64_t>(release->bytes)},
                                   {"digest", release->digest},
                                   {"signer", release->signer},
                                   {"needs", std::move(needs)},
                                   {"packages", texts(release->packages)},
                                   {"permissions", texts(release->permissions)}}));
  }
  for (const Review& review : offer.reviews) {
    reviews.push_back(Value::map({{"by", review.by}, {"title", review.title}, {"text", review.text}, {"written", to_rfc3339(review.written)}}));
  }
  Value value = summary_of(shelves, offer);
  value.set("releases", std::move(releases));
  value.set("reviews", std::move(reviews));
  return value;
}

}  // namespace mortise::market
