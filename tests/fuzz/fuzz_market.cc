// Any bytes as a marketplace's files: what is accepted is whole, checked and reads back the same, and anything else is Error{invalid}. The
// first byte says which file: r root, s snapshot, i index; m is a minisign signature, k a public key.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "market/trust.h"
#include "plugin/manifest.h"

using namespace mortise;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

template <typename File>
void same_again(std::string_view text) {
  const File read = File::parse(text);
  require(File::parse(read.text()).text() == read.text());
}

void use_index(std::string_view text) {
  const market::Listing listing = market::Listing::parse(text);
  for (const market::Offer& offer : listing.offers) {
    plugin::check_plugin_name(offer.name);
    require(!offer.releases.empty() && offer.average() >= 0 && offer.average() <= 5);
    for (const market::Release& release : offer.releases) require(market::is_market_file(release.file));
    require(listing.find(offer.name) == &offer);
    (void)market::summary_of(offer);
  }
  same_again<market::Listing>(text);
}

void use_snapshot(std::string_view text) {
  const market::Snapshot snapshot = market::Snapshot::parse(text);
  require(snapshot.files.contains(snapshot.index));
  for (const auto& [name, file] : snapshot.files) require(name.find("/.") == std::string::npos && name.find_first_of("/") == name.find_last_of("/"));
  same_again<market::Snapshot>(text);
}

void use(std::string_view text) {
  const char kind = text.empty() ? ' ' : text.front();
  text.remove_prefix(text.empty() ? 0 : 1);
  switch (kind) {
    case 'r': return same_again<market::Root>(text);
    case 's': return use_snapshot(text);
    case 'i': return use_index(text);
    case 'm': return (void)package::Signature::claimed_key_id(text);
    case 'k': return (void)package::PublicKey::parse(package::PublicKey::parse(text).text());
    default: return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    use({reinterpret_cast<const char*>(data), size});
  } catch (const Error& error) {
    require(error.code() == Code::invalid && error.what()[0] != '\0');
  }
  return 0;
}
