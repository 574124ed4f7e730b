#include "market/supplier.h"

#include <algorithm>

#include "base/error.h"

namespace mortise::market {

std::vector<package::Candidate> MarketSupplier::candidates(const std::string& plugin) {
  const Shelves shelves(own_, sources_);
  std::vector<package::Candidate> all;
  const Offer* offer = shelves.find(plugin);
  if (offer == nullptr) return all;
  for (const Release& release : offer->releases) all.push_back({Version::parse(release.version), release.needs});
  return all;
}

package::Parcel MarketSupplier::fetch(const std::string& plugin, const Version& version) {
  const Shelves shelves(own_, sources_);
  const Offer& offer = shelves.get(plugin);
  const auto release = std::find_if(offer.releases.begin(), offer.releases.end(), [&](const Release& one) { return one.version == version.text(); });
  if (release == offer.releases.end()) {
    throw Error(Code::not_found, "no marketplace has '" + plugin + "' " + version.text(), "mortise marketplace show " + plugin).with("plugin", plugin);
  }
  Shelves::Fetched fetched = shelves.fetch(offer, *release);
  return {std::move(fetched.archive), {}, std::move(fetched.signature), std::move(fetched.source)};
}

}  // namespace mortise::market
