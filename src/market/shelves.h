// Shelves: what can be had from here, of this host's own marketplace and of those that it knows. A picture of one moment.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "market/listing.h"
#include "market/marketplace.h"
#include "market/sources.h"

namespace mortise::market {

inline constexpr std::string_view own_marketplace = "own";

class Shelves {
 public:
  // `only`: one marketplace alone, or all when it is empty. Error{not_found} for one that is not known.
  Shelves(Marketplace& own, const Sources& sources, const std::string& only = {});

  // Each name once: of the first marketplace that has it (sources.h). They live as long as this.
  [[nodiscard]] const std::vector<const Offer*>& offers() const noexcept { return offers_; }
  [[nodiscard]] const Offer* find(std::string_view name) const noexcept;
  [[nodiscard]] const Offer& get(const std::string& name) const;  // Error{not_found} with the nearest name
  [[nodiscard]] const std::string& marketplace_of(const Offer& offer) const;

  struct Fetched {
    std::string archive, signature, source;  // source: "marketplace lab"
  };
  // Verified. Slow. Throws Error.
  [[nodiscard]] Fetched fetch(const Offer& offer, const Release& release) const;

 private:
  struct Shelf {
    std::string marketplace;
    std::shared_ptr<const Listing> listing;
    Sources::Entry known;  // null: the host's own
  };
  [[nodiscard]] const Shelf& shelf_of(const Offer& offer) const { return shelves_[home_.at(&offer)]; }

  Marketplace& own_;
  const Sources& sources_;
  std::vector<Shelf> shelves_;
  std::vector<const Offer*> offers_;              // by name
  std::map<const Offer*, std::size_t> home_;      // which shelf it stands on
};

// summary_of() with `marketplace`; and with releases and reviews.
[[nodiscard]] Value summary_of(const Shelves& shelves, const Offer& offer);
[[nodiscard]] Value page_of(const Shelves& shelves, const Offer& offer);

}  // namespace mortise::market
