#include "market/root_chain.h"

#include <algorithm>

#include "base/error.h"
#include "market/signing.h"

namespace mortise::market {

std::string RootChain::signature_of(std::int64_t version) const { return carrier_.get(root_file(version) + ".minisig", largest_signature); }

bool RootChain::told_signed(const std::string& signature) const {
  const std::string claimed = package::Signature::claimed_key_id(signature);
  return std::any_of(told_.begin(), told_.end(), [&](const package::PublicKey& key) { return key.id_text() == claimed; });
}

// None is signed by a told key: then the first one says whose it is.
Root RootChain::first() const {
  std::int64_t version = 1;
  std::string text = carrier_.get(root_file(1), largest_root), signature = signature_of(1);
  const std::string first_text = text, first_signature = signature;
  while (!told_signed(signature) && version < most_roots) {
    auto next = carrier_.find(root_file(version + 1), largest_root);
    if (!next) return accept_root(market_, told_, 1, first_text, first_signature);
    text = *std::move(next);
    signature = signature_of(++version);
  }
  return accept_root(market_, told_, version, text, signature);
}

void RootChain::require_shown(const Root& known) const {
  const std::string file = root_file(known.version);
  const auto shown = carrier_.find(file, largest_root);
  if (!shown) {
    throw Error(Code::denied, "marketplace '" + market_ + "': rollback: this host has seen root " + std::to_string(known.version) + " already, and " + file +
                                  " is not there: keys that were replaced are shown as if they held",
                "fetch the marketplace from somewhere else; what this host knows of it still holds")
        .with("deceit", "rollback")
        .with("marketplace", market_);
  }
  if (Root::parse(*shown, file).text() == known.text()) return;
  throw Error(Code::denied, "marketplace '" + market_ + "': there are two roots with the version " + std::to_string(known.version) + ": different readers are shown different keys",
              "tell whoever tends the marketplace; its root key may be in other hands")
      .with("deceit", "two states")
      .with("marketplace", market_);
}

Root RootChain::newest(std::optional<Root> known) const {
  if (known) require_shown(*known);
  Root root = known ? *std::move(known) : first();
  while (root.version < most_roots) {
    const std::int64_t next = root.version + 1;
    const auto text = carrier_.find(root_file(next), largest_root);
    if (!text) break;
    root = accept_root(market_, root.roots, next, *text, signature_of(next));
  }
  return root;
}

void RootChain::copy(const Root& last, const Put& put) const {
  std::optional<Root> before;
  for (std::int64_t version = 1; version <= last.version; ++version) {
    const std::string file = root_file(version), text = carrier_.get(file, largest_root), signature = signature_of(version);
    if (before || told_signed(signature)) before = accept_root(market_, before ? before->roots : told_, version, text, signature);
    put(file + ".minisig", signature);
    put(file, text);
  }
}

}  // namespace mortise::market
