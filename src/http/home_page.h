// The page at "/": what this is and where to go on, for a person who opened the address in a browser.
#pragma once

#include <string>

#include "http/message.h"

namespace mortise::http {

[[nodiscard]] Response home_page(const std::string& version);

}  // namespace mortise::http
