// Publication: an archive that somebody sent, made an entry of the marketplace; and entries made a listing.
#pragma once

#include <string>
#include <vector>

#include "market/listing.h"
#include "store/marketplace.h"

namespace mortise::package {
class Readers;
}

namespace mortise::market {

// Unpacked by a confined worker, its manifest checked, scanned. Throws Error that names what is wrong: Error{invalid} with the findings
// when it is unsafe. Publisher and time are left to the caller. Slow.
[[nodiscard]] store::EntryRow entry_for(package::Readers& readers, const std::string& archive, const std::string& signature);

// Reviews are left to the caller.
[[nodiscard]] Listing listing_of(const std::vector<store::EntryRow>& entries, const std::vector<store::StandingRow>& standings);

}  // namespace mortise::market
