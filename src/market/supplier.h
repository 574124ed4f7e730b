// MarketSupplier: the marketplaces as a place where packages can be had (package/supplier.h): what is installed by its name comes from the
// first marketplace that has it, verified (shelves.h). Thread-safe.
#pragma once

#include "market/shelves.h"
#include "package/supplier.h"

namespace mortise::market {

class MarketSupplier final : public package::Supplier {
 public:
  MarketSupplier(Marketplace& own, const Sources& sources) : own_(own), sources_(sources) {}

  [[nodiscard]] std::vector<package::Candidate> candidates(const std::string& plugin) override;
  [[nodiscard]] package::Parcel fetch(const std::string& plugin, const Version& version) override;

 private:
  Marketplace& own_;
  const Sources& sources_;
};

}  // namespace mortise::market
