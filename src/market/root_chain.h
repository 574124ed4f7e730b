// RootChain: the roots of a marketplace, followed step by step from a key that the operator was told to those that hold now.
//
// Each root is signed by a key of the one before it. The chain begins with the first root that a told key signed: root 1 for those who were
// told the first key, a later one for those who were told a key that came since. What was seen of it is never given up: a carrier must show the
// last root that is known here, the very same.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "market/carrier.h"
#include "market/trust.h"

namespace mortise::market {

class RootChain {
 public:
  // `market`: its name here, for messages. `carrier` outlives this.
  RootChain(Carrier& carrier, std::string market, std::vector<package::PublicKey> told)
      : carrier_(carrier), market_(std::move(market)), told_(std::move(told)) {}

  // The root that holds now. `known`: the last one that was seen; none: from the told keys on. Throws Error{denied} "not signed", and
  // "rollback" or "two states" where the carrier shows less of the chain, or another one, than was seen.
  [[nodiscard]] Root newest(std::optional<Root> known) const;
  // All roots up to `last` with their signatures, those that the told keys vouch for verified. Those before are what others begin with.
  using Put = std::function<void(const std::string& file, const std::string& content)>;
  void copy(const Root& last, const Put& put) const;

 private:
  [[nodiscard]] Root first() const;
  void require_shown(const Root& known) const;
  [[nodiscard]] std::string signature_of(std::int64_t version) const;
  [[nodiscard]] bool told_signed(const std::string& signature) const;

  Carrier& carrier_;
  const std::string market_;
  const std::vector<package::PublicKey> told_;
};

}  // namespace mortise::market
