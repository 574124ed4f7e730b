// A marketplace behind a web server: HTTP/1.1, with TLS for https. Redirects are not followed.
#pragma once

#include <memory>
#include <string>

#include "market/carrier.h"

namespace mortise::market {

// Null when the address begins with neither http:// nor https://. Throws Error{invalid} for one that is malformed.
[[nodiscard]] std::unique_ptr<Carrier> web_carrier_for(const std::string& address, const std::string& token);

}  // namespace mortise::market
