// What the scanner found, for people.
#pragma once

#include <string>

#include "mortise/value.hpp"

namespace mortise::cli {

// One block of lines per finding, issues first.
[[nodiscard]] std::string findings_text(const Value& scan);

}  // namespace mortise::cli
