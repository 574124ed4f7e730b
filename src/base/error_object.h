// An Error as the map that outsiders get: in the run log, in events, in HTTP answers.
//
//   {code: "invalid", message, hint?, details?: {name: text}, cause?: the same form}
#pragma once

#include "base/error.h"
#include "mortise/value.hpp"

namespace mortise {

// Causes deeper than 32 are left out.
[[nodiscard]] Value error_object(const Error& error);

}  // namespace mortise
